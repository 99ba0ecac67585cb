import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { about, file, folder, IN, json, SSH, WEB } from "./firewall.ts";
import { nettrace, recorded, spawned } from "./nettrace.ts";

const CAPTURE = recorded("docker-published-port-from-outside", "capture.pcap");
const SNAPSHOT = recorded("docker-published-port-from-outside", "snapshot.tar.gz");

describe("captures", () => {
  const test = (...lines: readonly string[]) =>
    file("capture.yaml", `host: { snapshot: ${SNAPSHOT} }`, "tests:", `  - capture: ${CAPTURE}`, "    name: recorded", ...lines);

  it("hold every packet that is meant against what is expected", async () => {
    expect((await json(test("    where: { flow: 3 }", "    expect: { verdict: dropped, count: 1 }"))).status).toBe(0);
    const { assertions, status } = await json(test("    expect: { verdict: delivered, count: 3 }"));
    expect(status).toBe(1);
    expect(assertions[0]).toMatchObject({
      packets: 9,
      failed: expect.any(Number),
      found: expect.stringMatching(/^9 packets, .*1 dropped/),
    });
    expect(assertions[0]?.differences).toEqual(
      expect.arrayContaining([
        { key: "verdict", expected: "delivered", found: "dropped", packets: 1 },
        { key: "count", expected: "3", found: "9", packets: 1 },
      ]),
    );
    expect(assertions[0]?.traces.map(({ packet }) => packet)).toContain(7);
  });

  it("fail when no packet is meant", async () => {
    const { assertions } = await json(test("    where: { src: 203.0.113.77 }", "    expect: dropped"));
    expect(assertions[0]?.differences[0]).toMatchObject({ key: "packet", found: "none that where: chooses" });
    expect((await json(test("    where: { src: 203.0.113.77 }", "    expect: { count: 0 }"))).status).toBe(0);
  });

  it.each([
    ["{ protocol: udp }", 1],
    ["{ dport: 22 }", 1],
    ["{ packet: [1, 2, 7] }", 3],
    ["{ flow: 1, packet: 7 }", 0],
    ["{ address: 172.17.0.0/16, flow: [2, 3] }", 2],
  ])("choose by where: %s", async (where, count) => {
    expect((await json(test(`    where: ${where}`, `    expect: { count: ${count} }`))).status).toBe(0);
  });

  it("that are not there are told", async () => {
    const path = file("gone.yaml", `host: { snapshot: ${SNAPSHOT} }`, "tests:", "  - capture: gone.pcap", "    expect: dropped");
    const { status, stdout, stderr } = await nettrace("test", path);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`${join(folder, "gone.pcap")}: there is no such file, expected a capture`);
  });
});

describe("several files, and the command line", () => {
  const good = about("good.yaml", ...WEB, "    expect: forwarded");
  const other = about("other.yaml", ...SSH, "    expect: dropped");

  it("are one report", async () => {
    const { stdout } = await nettrace("test", good, other);
    expect(stdout).toMatch(/^2 assertions: all hold\.\n\n.*good\.yaml\n✓ {2}web .*\n\n.*other\.yaml\n✓ {2}ssh /);
    const junit = (await nettrace("test", good, other, "--format", "junit")).stdout;
    expect(junit.match(/<testsuite /g)).toHaveLength(2);
    expect(junit).toContain('name="web"');
  });

  it("can be of some names only", async () => {
    expect((await json(good, other, "--filter", "SS")).assertions.map(({ name }) => name)).toEqual(["ssh"]);
    const { status, stderr } = await nettrace("test", good, other, "--filter", "ftp");
    expect(status).toBe(2);
    expect(stderr).toContain('--filter "ftp": no test has this in its name; there is "web", "ssh"');
  });

  it("can be about another host than the file says", async () => {
    const flags = ["--rules", join(folder, "old-rules"), "--routes", join(folder, "routes")];
    expect((await json(other, ...flags)).assertions[0]?.found).toBe("forwarded eth0 → br-lan");
    const { status } = await nettrace("test", file("no-host.yaml", "tests:", ...SSH, "    expect: forwarded"), ...flags);
    expect(status).toBe(0);
  });

  it("can come from standard input", () => {
    const text = `host: { snapshot: ${SNAPSHOT} }\ntests: [{ packet: icmp 192.0.2.50 192.0.2.10, interface: eth0, expect: delivered }]\n`;
    expect(spawned(["test", "-"], Buffer.from(text))).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("what is wrong", () => {
  it.each([
    ["no file", [], /missing FILE/],
    ["standard input twice", ["-", "--rules", "-"], /standard input \(-\) can be read only once/],
    ["a missing file", ["none.yaml"], /none\.yaml: there is no such file, expected a test file/],
    ["no host", [file("no.yaml", "tests:", ...SSH, "    expect: dropped")], /no\.yaml: host: is missing/],
    [
      "a missing part of the host",
      [file("part.yaml", "host: { rules: gone }", "tests:", ...SSH, "    expect: dropped")],
      /gone: there is no such file, expected iptables-save/,
    ],
    [
      "a key",
      [about("key.yaml", ...SSH, "    expekt: dropped")],
      /key\.yaml:6:5: expected one of name, .*\n.*\n.*\n.*did you mean expect\?/,
    ],
    [
      "a packet",
      [about("packet.yaml", "  - packet: tcp 10.0.0.1 10.0.0.2", IN, "    expect: dropped")],
      /packet\.yaml:3:13: 10\.0\.0\.2: tcp needs a destination port/,
    ],
    [
      "where it comes from",
      [about("in.yaml", "  - packet: icmp 10.0.0.9 10.0.0.2", "    expect: dropped")],
      /in\.yaml:3:13: say where the packet comes from: interface: DEVICE, or out-of-socket: true/,
    ],
    [
      "a namespace",
      [about("netns.yaml", ...WEB, "    expect: forwarded", ...SSH, "    netns: web", "    expect: dropped")],
      /netns\.yaml:10:12: netns web: there is no such namespace/,
    ],
    [
      "an assumption",
      [about("assume.yaml", ...SSH, "    expect: dropped", "    assume: { uid: 3 }")],
      /assume\.yaml:7:15: --assume expects KEY=VALUE/,
    ],
  ])("%s", async (_, args, message) => {
    const { status, stdout, stderr } = await nettrace("test", ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("a device of a snapshot, with those that there are", async () => {
    const path = file(
      "dev.yaml",
      `host: { snapshot: ${SNAPSHOT} }`,
      "tests:",
      ...SSH.slice(0, 2),
      "    interface: eth7",
      "    expect: dropped",
    );
    expect((await nettrace("test", path)).stderr).toMatch(/dev\.yaml:5:16: interface eth7: netns host has no such device; it has lo, eth0/);
  });

  it("a capture that breaks off is no failure, but exit code 3", async () => {
    writeFileSync(join(folder, "cut.pcap"), readFileSync(CAPTURE).subarray(0, 700));
    const path = file(
      "cut.yaml",
      `host: { snapshot: ${SNAPSHOT} }`,
      "tests:",
      "  - capture: cut.pcap",
      "    where: { flow: 1 }",
      "    expect: [delivered, forwarded]",
    );
    const { status, stdout, stderr } = await nettrace("test", path);
    expect(status).toBe(3);
    expect(stdout).toContain("1 assertion: it holds.");
    expect(stderr).toMatch(/cut\.pcap: the capture breaks off/);
  });
});
