import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nettrace } from "./nettrace.ts";

const SNAPSHOT = fileURLToPath(new URL("../recordings/captures/snapshot", import.meta.url));
const ANY = join(SNAPSHOT, "captures/host/any.pcap");
const ETH0 = join(SNAPSHOT, "captures/host/eth0.pcap");
const WEB = join(SNAPSHOT, "captures/web/eth0.pcap");
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

interface Explained {
  readonly packet: number;
  readonly capture?: string;
  readonly time: string;
  readonly flow: number;
  readonly netns: string;
  readonly interface: string;
  readonly src: string;
  readonly direction: string;
  readonly verdict: string;
  readonly seenBefore?: number;
  readonly seenBeforeIn?: string;
  readonly steps: unknown;
  readonly observed: readonly { readonly capture: string; readonly packet: number; readonly netns: string; readonly interface: string }[];
}

let folder = "";
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function explained(...args: string[]): Promise<Explained[]> {
  const { stdout, stderr } = await nettrace("explain", ...args, "--snapshot", SNAPSHOT, "--format", "ndjson");
  expect(stderr).toBe("");
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Explained);
}

/** Cuts a capture into files of so many packets, as tcpdump -C does. */
function rotated(capture: string, size: number): string[] {
  const bytes = readFileSync(capture);
  const paths: string[] = [];
  let count = 0;
  for (let at = FILE_HEADER; at < bytes.length; count++) {
    const end = at + RECORD_HEADER + bytes.readUInt32LE(at + 8);
    const path = file(`rotated.pcap${Math.floor(count / size) || ""}`);
    if (count % size === 0) {
      writeFileSync(path, bytes.subarray(0, FILE_HEADER));
      paths.push(path);
    }
    appendFileSync(path, bytes.subarray(at, end));
    at = end;
  }
  return paths;
}

describe("captures of two namespaces", () => {
  it("are those of the snapshot when none is named, and show each packet once", async () => {
    const all = await explained();
    expect(all).toHaveLength(60);
    const firsts = all.filter(({ seenBefore }) => seenBefore === undefined);
    expect(firsts).toHaveLength(15);
    expect(firsts.every(({ observed }) => observed.length === 3)).toBe(true);
    expect(all.map(({ time }) => time.padEnd(30, "0"))).toEqual(all.map(({ time }) => time.padEnd(30, "0")).sort());
  });

  it("name capture, packet and device of what was seen further on, the packet's number being that of its file", async () => {
    const [first, , , second] = await explained(WEB, ANY);
    expect(first).toMatchObject({
      capture: "any.pcap",
      packet: 1,
      netns: "host",
      interface: "eth0",
      direction: "in",
      verdict: "delivered",
    });
    expect(first?.observed).toMatchObject([
      { capture: "any.pcap", packet: 2, netns: "host", interface: "veth-web" },
      { capture: "eth0.pcap", packet: 1, netns: "web", interface: "eth0" },
    ]);
    expect(second).toMatchObject({ capture: "eth0.pcap", packet: 2, netns: "web", direction: "out", verdict: "forwarded" });
    expect((await explained(WEB, ANY)).find((one) => one.capture === "eth0.pcap")).toMatchObject({
      seenBefore: 1,
      seenBeforeIn: "any.pcap",
    });
  });

  it("come to the same packets and steps whichever of them are given", async () => {
    const ways = (all: Explained[]) =>
      all.filter(({ src, seenBefore }) => src === "192.0.2.50" && seenBefore === undefined).map(({ steps }) => steps);
    const alone = ways(await explained(ANY));
    expect(alone).toHaveLength(8);
    expect(ways(await explained(ANY, WEB))).toEqual(alone);
  });

  it("keep the digits of each", async () => {
    const digits = new Map((await explained(WEB, ANY)).map(({ capture, time }) => [capture, time.length]));
    expect(digits.get("eth0.pcap")).toBe("2026-01-01T00:00:00.123456789Z".length);
    expect(digits.get("any.pcap")).toBe("2026-01-01T00:00:00.123456Z".length);
  });

  it("are named in the table, and on the page of a packet", async () => {
    const { stdout } = await nettrace("explain", "--snapshot", SNAPSHOT);
    expect(stdout).toMatch(/^60 packets, 3 connections: 2 reached a socket and 1 was dropped\.\n45 of them are earlier ones seen again/);
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/on web eth0 [\d.]+ ms later \(packet 11 of web\/eth0\.pcap\)/);
    const page = await nettrace("explain", "--snapshot", SNAPSHOT, "--packet", "any.pcap:21");
    expect(page.stdout).toMatch(/^Packet 21 of any\.pcap · .* · tcp 192\.0\.2\.50:40001 → 10\.0\.0\.2:22 \[SYN\]/);
    const { status, stderr } = await nettrace("explain", "--snapshot", SNAPSHOT, "--packet", "21");
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        "nettrace: --packet 21: say of which capture, --packet any.pcap:21 or --packet host/eth0.pcap:21 or --packet web/eth0.pcap:21\n",
    });
  });
});

describe("FILE@NETNS:DEVICE", () => {
  it("says where a capture was taken", async () => {
    copyFileSync(WEB, file("a.pcap"));
    copyFileSync(ETH0, file("b@home.pcap"));
    const [first] = await explained(`${file("a.pcap")}@web:eth0`);
    expect(first).toMatchObject({ netns: "web", interface: "eth0", direction: "in" });
    expect(first).not.toHaveProperty("capture");
    const both = await explained(`${file("a.pcap")}@web`, `${file("b@home.pcap")}@:eth0`);
    expect(new Set(both.map(({ capture, netns }) => `${capture} ${netns}`))).toEqual(new Set(["a.pcap web", "b@home.pcap host"]));
    expect(await explained(file("b@home.pcap"))).toHaveLength(15);
  });

  it.each([
    ["a namespace that is not there", "a.pcap@nowhere", /a\.pcap@nowhere: there is no such namespace in the snapshot; it has host, web/],
    ["a device that is not there", "a.pcap@web:eth7", /a\.pcap@web:eth7: netns web has no such device; it has lo, eth0/],
    ["a file that is not there", "none.pcap@web", /none\.pcap: there is no such file/],
  ])("refuses %s", async (_, name, message) => {
    const { status, stderr } = await nettrace("explain", file(name), "--snapshot", SNAPSHOT);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it("refuses a capture that is given twice", async () => {
    const { status, stderr } = await nettrace("explain", WEB, WEB, "--snapshot", SNAPSHOT);
    expect(status).toBe(2);
    expect(stderr).toMatch(/is given twice/);
  });
});

describe("rotated files", () => {
  it("are one capture, whatever their order on the command line", async () => {
    const paths = rotated(ANY, 7);
    expect(paths).toHaveLength(5);
    const whole = await explained(ANY);
    const parts = await explained(...[...paths].reverse());
    const plain = ({ time, flow, verdict, steps, observed }: Explained) => [time, flow, verdict, steps, observed.length];
    expect(parts.map(plain)).toEqual(whole.map(plain));
    expect(parts[7]).toMatchObject({ capture: "rotated.pcap1", packet: 1 });
  });

  it("are read to the end when one of them is damaged or empty", async () => {
    const [first = "", second = "", third = ""] = rotated(ANY, 10);
    writeFileSync(second, readFileSync(second).subarray(0, -5));
    writeFileSync(file("empty.pcap"), "");
    const { status, stdout, stderr } = await nettrace("explain", first, second, third, file("empty.pcap"), "--snapshot", SNAPSHOT);
    expect(status).toBe(3);
    expect(stdout).toMatch(/^29 packets, /);
    expect(stderr).toMatch(/rotated\.pcap1: the capture breaks off in packet 10/);
    expect(stderr).toMatch(/empty\.pcap: the file is empty/);
  });

  it("may be tcpdump's text, and compressed", async () => {
    const text = "2026-01-01 00:00:0$.000000 eth0  In  IP 192.0.2.50.4000 > 192.0.2.10.53: UDP, length 4\n";
    writeFileSync(file("one.txt"), text.replace("$", "1"));
    writeFileSync(file("two.txt"), text.replace("$", "2"));
    spawnSync("gzip", ["-f", file("one.txt")]);
    const all = await explained(file("two.txt"), file("one.txt.gz"), ETH0);
    expect(all.slice(0, 2).map(({ capture, verdict }) => [capture, verdict])).toEqual([
      ["one.txt.gz", "delivered"],
      ["two.txt", "delivered"],
    ]);
    expect(all).toHaveLength(17);
  });
});
