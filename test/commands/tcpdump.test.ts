import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nettrace, spawned } from "./nettrace.ts";

const file = (name: string) => fileURLToPath(new URL(`../recordings/tcpdump/${name}`, import.meta.url));
const sample = (name: string) => fileURLToPath(new URL(`../../samples/published-port-from-outside/${name}`, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-tcpdump-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const objects = (ndjson: string) =>
  ndjson
    .trim()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));

const LINE = "10:17:07.311224 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 1, win 64240, length 0\n";

describe("nettrace packets with tcpdump's text", () => {
  it("reads it by content, from a file, from standard input and compressed", async () => {
    const direct = await nettrace("packets", file("ethernet.e.txt"), "--format", "ndjson");
    expect(direct).toMatchObject({ status: 0, stderr: "" });
    expect(objects(direct.stdout)[0]).toMatchObject({ packet: 1, linktype: "EN10MB", etherType: 0x0806 });
    const typed = await nettrace("packets", file("ethernet.e.txt"), "--format", "ndjson", "--type", "tcpdump");
    expect(typed).toEqual(direct);
    const packed = written("packed", gzipSync(direct.stdout.length > 0 ? LINE : ""));
    expect(objects((await nettrace("packets", packed, "--format", "ndjson")).stdout)).toMatchObject([
      { src: "192.0.2.1", sport: 40000, flags: "SYN" },
    ]);
    expect(objects(spawned(["packets", "-", "--format", "ndjson"], Buffer.from(LINE)).stdout)).toHaveLength(1);
  });

  it("tells of lines that it cannot read, and gives all others", async () => {
    const { status, stdout, stderr } = await nettrace("packets", written("odd.txt", `${LINE}what is this?\n${LINE}`), "--format", "ndjson");
    expect(objects(stdout)).toHaveLength(2);
    expect(status).toBe(3);
    expect(stderr).toMatch(/odd\.txt:2:1: expected the time of a packet/);
  });

  it("refuses a text that is something else, and a capture that is said to be text", async () => {
    const rules = await nettrace("packets", written("rules.txt", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"), "--type", "tcpdump");
    expect(rules.status).toBe(2);
    expect(rules.stderr).toMatch(/rules\.txt:1:1: expected a packet as tcpdump prints it/);
    const capture = await nettrace("packets", file("ethernet.pcap"), "--type", "tcpdump");
    expect(capture).toMatchObject({ status: 2, stderr: expect.stringContaining("this is a capture, expected the text of tcpdump") });
  });
});

describe("nettrace explain with tcpdump's text", () => {
  it("says the same as with the capture that it was printed from", async () => {
    const replay = async (path: string) =>
      objects((await nettrace("explain", path, "--snapshot", sample("snapshot"), "--format", "ndjson")).stdout);
    const [text, capture] = [await replay(file("published-port.txt")), await replay(sample("capture.pcap"))];
    const story = ({ packet, verdict, at, nat, flow }: Record<string, unknown>) => ({ packet, verdict, at, nat, flow });
    const rules = ({ steps }: Record<string, unknown>) =>
      (steps as Record<string, unknown>[] | undefined)?.map(({ kind, state, chain, rule, line }) => ({ kind, state, chain, rule, line }));
    expect(text.map(story)).toEqual(capture.map(story));
    expect(text.map(rules)).toEqual(capture.map(rules));
    expect(text[0]).toMatchObject({
      certainty: "assumed",
      assumptions: expect.arrayContaining([expect.objectContaining({ id: "text-header" })]),
    });
  });

  it("follows packets from the host's own address out", async () => {
    const links = written(
      "links.txt",
      "2: eth0: <UP> mtu 1500\n    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff\n    inet 192.0.2.2/24 scope global eth0\n",
    );
    const rules = written("own.rules", "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n");
    const answer = "10:17:07.311300 IP 192.0.2.2.80 > 192.0.2.1.40000: Flags [R.], seq 0, ack 2, win 0, length 0\n";
    const { stdout } = await nettrace(
      "explain",
      written("two.txt", LINE + answer),
      "--rules",
      rules,
      "--links",
      links,
      "--format",
      "ndjson",
    );
    expect(objects(stdout)).toMatchObject([
      { verdict: "delivered" },
      { direction: "out", assumptions: expect.arrayContaining([expect.objectContaining({ id: "direction" })]) },
    ]);
  });

  it("leaves open what an ICMP error is about where the text does not show it", async () => {
    const rules = written("related.rules", "*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate RELATED -j ACCEPT\nCOMMIT\n");
    const error = "10:17:07.311224 IP 192.0.2.1 > 192.0.2.2: ICMP time exceeded in-transit, length 36\n";
    const { stdout } = await nettrace("explain", written("error.txt", error), "--rules", rules, "--format", "ndjson");
    expect(objects(stdout)).toMatchObject([{ verdict: "unknown" }]);
  });
});
