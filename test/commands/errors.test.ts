import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { nettrace, recorded, spawned } from "./nettrace.ts";

const CAPTURE = recorded("docker-published-port-from-outside", "capture.pcap");
const SNAPSHOT = recorded("docker-published-port-from-outside", "snapshot.tar.gz");
const RULES = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n";
const BAD_RULES = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 80,443 -j ACCEPT\n-A NOCHAIN -j DROP\nCOMMIT\n";

let folder = "";
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-"));
  writeFileSync(file("rules.txt"), RULES);
  writeFileSync(file("bad.txt"), BAD_RULES);
  writeFileSync(file("empty"), "");
  mkdirSync(file("host/netns/host"), { recursive: true });
  writeFileSync(file("binary"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3, 0xff]));
  writeFileSync(file("cut.pcap"), readFileSync(CAPTURE).subarray(0, 700));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exit code 2, nothing on standard output, and a message that is no stack trace. */
async function refused(args: string[], message: RegExp, lines = 1): Promise<void> {
  const { status, stdout, stderr } = await nettrace(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at |node:internal|\.js:\d/m);
  expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(lines);
}

describe("wrong input", () => {
  it("a missing file", async () => {
    await refused(["explain", file("none"), "--rules", file("rules.txt")], /none: there is no such file, expected a capture/);
    await refused(["explain", CAPTURE, "--rules", file("none")], /none: there is no such file, expected iptables-save output/);
    await refused(["explain", CAPTURE, "--snapshot", file("none")], /none: there is no such file, expected a snapshot/);
  });

  it("a directory", async () => {
    await refused(["explain", folder, "--rules", file("rules.txt")], /this is a directory, expected a capture/);
    await refused(["explain", CAPTURE, "--rules", folder], /this is a directory, expected iptables-save output/);
    await refused(["explain", CAPTURE, "--rules", file("host")], /this is a directory.*\n +a snapshot folder goes with --snapshot/, 2);
    await refused(["explain", CAPTURE, "--snapshot", folder], /this is not a snapshot/);
  });

  it("an empty file", async () => {
    await refused(["explain", file("empty"), "--rules", file("rules.txt")], /empty: the file is empty, expected a capture/);
    await refused(["explain", CAPTURE, "--rules", file("empty")], /empty: the file is empty, expected iptables-save output/);
    await refused(["explain", CAPTURE, "--snapshot", file("empty")], /empty: the file is empty, expected a snapshot/);
  });

  it("the wrong kind of file", async () => {
    await refused(["explain", CAPTURE, "--rules", file("binary")], /binary: this is binary data, expected iptables-save output/);
    await refused(["explain", CAPTURE, "--rules", CAPTURE], /capture\.pcap: this is a capture, expected iptables-save output/);
    await refused(
      ["explain", file("rules.txt"), "--rules", file("rules.txt")],
      /rules\.txt: this is text, expected a pcap or pcapng file/,
      2,
    );
    await refused(["explain", file("binary"), "--rules", file("rules.txt")], /binary: this is no capture/, 2);
    await refused(["explain", CAPTURE, "--snapshot", file("rules.txt")], /rules\.txt: /);
  });

  it("all mistakes of a rules file at once, each with its place", async () => {
    const { status, stderr } = await nettrace("explain", CAPTURE, "--rules", file("bad.txt"));
    expect(status).toBe(2);
    expect(stderr).toMatch(/bad\.txt:3:32: expected a port/);
    expect(stderr).toMatch(/bad\.txt:4:4: no chain named "NOCHAIN"/);
    expect(stderr).toMatch(/^ {4}│ {32}\^{6}$/m);
  });
});

describe("a wrong command line", () => {
  it.each([
    ["an unknown command", ["frobnicate"], /there is no command "frobnicate"/],
    ["an unknown flag", ["explain", CAPTURE, "--frob"], /there is no flag --frob/],
    ["a missing argument", ["explain"], /missing CAPTURE/],
    ["a value that is none", ["explain", CAPTURE, "--format", "xml"], /--format=xml to be one of: table, json, ndjson/],
    ["a number that is none", ["explain", CAPTURE, "--packet", "x"], /--packet: expected an integer/],
    ["contradicting flags", ["explain", CAPTURE, "--packet", "1", "--flow", "1"], /contradict each other/],
    ["two descriptions of the machine", ["explain", CAPTURE, "--snapshot", SNAPSHOT, "--rules", "x"], /contradict each other/],
    ["two ways in", ["packet", "icmp", "10.0.0.1", "10.0.0.2", "--in", "eth0", "--out-of-socket"], /contradict each other/],
    ["nothing about the machine", ["explain", CAPTURE], /give --snapshot DIR, or at least --rules FILE/],
    ["an unknown device", ["explain", CAPTURE, "--snapshot", SNAPSHOT, "--interface", "eth9"], /has no such device; it has lo, eth0/],
    ["an unknown device for a packet", ["packet", "tcp", "10.0.0.1", "10.0.0.2:80", "--snapshot", SNAPSHOT, "--in", "eth9"], /eth9/],
    ["an unknown namespace", ["explain", CAPTURE, "--snapshot", SNAPSHOT, "--netns", "nope"], /no such namespace in the snapshot; it has/],
    [
      "a packet that is not there",
      ["explain", CAPTURE, "--snapshot", SNAPSHOT, "--packet", "99"],
      /there is no packet 99: the capture has 9/,
    ],
    ["an address that is none", ["explain", CAPTURE, "--snapshot", SNAPSHOT, "--address", "foo"], /--address expects an address/],
    ["a packet without its port", ["packet", "tcp", "10.0.0.1", "10.0.0.2", "--snapshot", SNAPSHOT], /needs a destination port/],
    [
      "flags of another protocol",
      ["packet", "udp", "10.0.0.1", "10.0.0.2:1", "--flags", "SYN", "--snapshot", SNAPSHOT],
      /--flags are for tcp/,
    ],
    ["two address families", ["packet", "icmp", "10.0.0.1", "fe80::1", "--snapshot", SNAPSHOT], /different address families/],
  ])("%s", async (_, args, message) => {
    await refused(args, message);
  });
});

describe("a damaged capture", () => {
  it("is explained up to the damage, then exit code 3 and the byte offset", async () => {
    const { status, stdout, stderr } = await nettrace("explain", file("cut.pcap"), "--snapshot", SNAPSHOT);
    expect(status).toBe(3);
    expect(stdout).toMatch(/^8 packets, /);
    expect(stderr).toMatch(/cut\.pcap: the capture breaks off in packet 9: .*octet \d+/);
    const lines = (await nettrace("explain", file("cut.pcap"), "--snapshot", SNAPSHOT, "--format", "ndjson")).stdout.trim().split("\n");
    expect(lines).toHaveLength(8);
    expect((await nettrace("packets", file("cut.pcap"))).status).toBe(3);
  });
});

it("what lies in the user's own folders disturbs no command", () => {
  mkdirSync(file("data/nettrace"), { recursive: true });
  writeFileSync(file("data/nettrace/package.json"), "{");
  vi.stubEnv("XDG_DATA_HOME", file("data"));
  try {
    expect(spawned(["lint", file("rules.txt")])).toMatchObject({ status: 0, stderr: "" });
  } finally {
    vi.unstubAllEnvs();
  }
});

it.skipIf(!existsSync("/dev/full"))("a full disk is told in one line", () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, ["bin/run.js", "parse", file("rules.txt")], {
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  expect({ status, stderr }).toEqual({ status: 2, stderr: "nettrace: standard output cannot be written: no space left on the device\n" });
});
