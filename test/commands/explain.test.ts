import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { nettrace, recorded, spawned } from "./nettrace.ts";

const CAPTURE = recorded("docker-published-port-from-outside", "capture.pcap");
const SNAPSHOT = recorded("docker-published-port-from-outside", "snapshot.tar.gz");
const MACHINE = ["--snapshot", SNAPSHOT];

const numbers = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { packet: number }).packet);

describe("nettrace explain", () => {
  it("answers in its first line", async () => {
    const { status, stdout, stderr } = await nettrace("explain", CAPTURE, ...MACHINE);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toBe("9 packets, 5 connections: 4 reached a socket and 1 was dropped.");
    expect(stdout).toContain("Taken for granted:");
  });

  it("reads compressed captures and standard input", async () => {
    const plain = (await nettrace("explain", CAPTURE, ...MACHINE)).stdout;
    expect(spawned(["explain", "-", ...MACHINE], gzipSync(readFileSync(CAPTURE))).stdout).toBe(plain);
  });

  it("has one object per packet in NDJSON, in capture order", async () => {
    const { stdout } = await nettrace("explain", CAPTURE, ...MACHINE, "--format", "ndjson");
    expect(numbers(stdout)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("has one document in JSON", async () => {
    const { stdout } = await nettrace("explain", CAPTURE, ...MACHINE, "--format", "json");
    const document = JSON.parse(stdout) as { packets: unknown[]; flows: { flow: number; trouble: boolean }[]; summary: string };
    expect(document.packets).toHaveLength(9);
    expect(document.flows.filter((flow) => flow.trouble).map((flow) => flow.flow)).toEqual([3]);
    expect(document.summary).toMatch(/^9 packets, 5 connections/);
  });

  it.each([
    [["--verdict", "dropped"], [7]],
    [
      ["--verdict", "dropped", "--verdict", "forwarded"],
      [2, 5, 7],
    ],
    [
      ["--flow", "1"],
      [1, 2, 3, 4, 5],
    ],
    [["--protocol", "udp"], [9]],
    [["--protocol", "17"], [9]],
    [["--address", "172.17.0.0/16", "--flow", "2"], [6]],
    [["--packet", "4"], [4]],
  ])("filters: %j", async (flags, expected) => {
    expect(numbers((await nettrace("explain", CAPTURE, ...MACHINE, "--format", "ndjson", ...flags)).stdout)).toEqual(expected);
  });

  it("finds a translated packet by either address", async () => {
    const found = numbers(
      (await nettrace("explain", CAPTURE, ...MACHINE, "--format", "ndjson", "--address", "172.17.0.2", "--flow", "1")).stdout,
    );
    expect(found).toEqual([1, 2, 3, 4, 5]);
  });

  it("gives one packet its own page", async () => {
    const { stdout } = await nettrace("explain", CAPTURE, ...MACHINE, "--packet", "7");
    expect(stdout).toMatch(/^Packet 7 · .* · tcp 192\.0\.2\.50:40002 → 172\.17\.0\.2:22 \[SYN\]/);
    expect(stdout).toContain("1: wants TCP destination port 80, but its destination port is 22");
  });

  it("keeps what its help says within 80 columns", () => {
    for (const command of ["explain", "packet", "lint", "test", "diff", "search"]) {
      const [, told = ""] = spawned([command, "--help"]).stdout.split("DESCRIPTION\n");
      expect(told.length).toBeGreaterThan(80);
      expect(told.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  });

  it("begins its help with examples that can be pasted", () => {
    for (const command of ["explain", "packet", "packets"]) {
      const { stdout } = spawned([command, "--help"]);
      expect(stdout.split("\n").slice(2, 4)).toEqual(["EXAMPLES", expect.stringMatching(/^ {2}\$ nettrace /)]);
    }
  });
});

describe("nettrace packet", () => {
  it("explains a packet that nobody captured, and its answer", async () => {
    const words = ["packet", "tcp", "203.0.113.9:40000", "192.0.2.10:8080", "--in", "eth0", ...MACHINE, "--reply"];
    const { status, stdout, stderr } = await nettrace(...words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^✓ 1 {2}tcp 203\.0\.113\.9:40000 → 192\.0\.2\.10:8080/);
    expect(stdout).toContain("DNAT to 172.17.0.2:80, delivered in netns web (eth0 → docker0 → veth1a2b3c4 → web eth0).");
    expect(stdout).toContain("Answer: source translated back to 192.0.2.10:8080");
  });

  it("gives the same as a capture of that packet", async () => {
    const steps = (stdout: string) =>
      (JSON.parse(stdout.split("\n")[0] ?? "") as { steps: { kind: string; chain?: string; rule?: number }[] }).steps;
    const made = await nettrace("packet", "tcp", "192.0.2.50:40000", "192.0.2.10:8080", "--in", "eth0", ...MACHINE, "--format", "ndjson");
    const captured = await nettrace("explain", CAPTURE, ...MACHINE, "--format", "ndjson", "--packet", "1");
    const brief = (list: ReturnType<typeof steps>) => list.map((step) => [step.kind, step.chain, step.rule]);
    expect(brief(steps(made.stdout))).toEqual(brief(steps(captured.stdout)));
  });

  it("leaves a local socket", async () => {
    const { stdout } = await nettrace("packet", "icmp", "192.0.2.10", "192.0.2.50", "--out-of-socket", ...MACHINE, "--format", "ndjson");
    expect(JSON.parse(stdout)).toMatchObject({ direction: "out", protocol: "icmp", icmpType: 8, verdict: "forwarded" });
  });

  it("follows what a router says of a packet that is too big, to whoever sent it", async () => {
    const words = ["packet", "tcp", "203.0.113.9:40000", "192.0.2.10:8080", "--in", "eth0", ...MACHINE, "--reply", "--format", "ndjson"];
    const { stdout } = await nettrace(...words, "--too-big", "198.51.100.99");
    const last: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    // The answer was translated back when it left, and so is what quotes it.
    expect(last).toMatchObject({ src: "198.51.100.99", dst: "192.0.2.10", icmpType: 3, icmpCode: 4, verdict: "delivered", netns: "host" });
    expect(last).toMatchObject({ at: { netns: "web" } });
    const { status, stderr } = await nettrace(...words, "--too-big", "2001:db8::1");
    expect(status).toBe(2);
    expect(stderr).toContain('--too-big expects the IPv4 address of a router, found "2001:db8::1"');
  });

  it("asks where the packet comes from", async () => {
    const { status, stderr } = await nettrace("packet", "udp", "192.0.2.50:1", "192.0.2.10:53", ...MACHINE);
    expect(status).toBe(2);
    expect(stderr).toMatch(/say where the packet comes from: --in eth0\|/);
  });
});

describe("nettrace packets", () => {
  it("prints one line per packet", async () => {
    const { stdout } = await nettrace("packets", CAPTURE);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(9);
    expect(lines[0]).toContain("tcp 192.0.2.50:40000 → 192.0.2.10:8080 [SYN] ttl 64");
    expect(JSON.parse((await nettrace("packets", CAPTURE, "--format", "ndjson")).stdout.split("\n")[0] ?? "")).toMatchObject({
      packet: 1,
      linktype: "LINUX_SLL2",
      protocol: "tcp",
      src: "192.0.2.50",
      dport: 8080,
    });
  });
});
