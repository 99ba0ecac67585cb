import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { PacketLines } from "../../src/render/ndjson/packet-lines.ts";
import { traceObject } from "../../src/render/ndjson.ts";
import { frames, natTable, replayed, router, type Seen, tcp, udp } from "../engine/router.ts";
import { loadEvidence } from "../kernel/judge/evidence.ts";
import { frameOf } from "../kernel/judge/frame.ts";
import { randomCase, scenario, tracesOf } from "../kernel/recording.ts";

const TIME = "2026-11-21T10:42:35.714300Z";
const RECORDINGS = fileURLToPath(new URL("../recordings/", import.meta.url));

let text = "";
/** One for all tests, so that what it remembers of one host meets others. */
const lines = new PacketLines({
  put: (piece) => {
    text += typeof piece === "string" ? piece : Buffer.from(piece).toString();
  },
  number: (value) => {
    text += value;
  },
});

function lineOf(trace: PacketTrace): string {
  text = "";
  lines.put("", trace, TIME, "\n");
  return text;
}

/** Holds every line against what JSON.stringify makes of the same trace. */
function compare(traces: readonly PacketTrace[]): void {
  expect(traces.length).toBeGreaterThan(0);
  for (const trace of traces) expect(lineOf(trace)).toBe(`${JSON.stringify(traceObject(trace, TIME))}\n`);
}

describe.each(["scenarios", "random", "random6"])("lines of recordings are what JSON.stringify writes: %s", (kind) => {
  it.each(readdirSync(`${RECORDINGS}${kind}`).sort())("%s", async (name) => {
    const recording = await (kind === "scenarios" ? scenario : randomCase)(`${RECORDINGS}${kind}/${name}`);
    for (const options of [{}, { indexed: false }, { detailed: true }]) compare(await tracesOf(recording, options));
  });
});

describe.each(["live", "edges"])("lines of recordings are what JSON.stringify writes: %s", (kind) => {
  const files = readdirSync(`${RECORDINGS}${kind}`).sort();

  it.each([true, false])("indexed: %s", (indexed) => {
    for (const file of files) {
      const { snapshot, packets } = loadEvidence(`${RECORDINGS}${kind}/${file}`);
      const { value: host } = readSnapshot(new Map(Object.entries(snapshot)), "snapshot");
      const replay = createReplay(host, { netns: [...host.namespaces.keys()][0] ?? "", capture: "live", indexed });
      // Thrice, so that there is something to be remembered of connections.
      const sent = packets.flatMap(({ sent: one }) => [one, one, one]);
      const traces = sent.flatMap((one, i) => replay.push(frameOf(one, i + 1), one.netns));
      compare([...traces, ...replay.finish()]);
    }
    expect(files.length).toBeGreaterThan(20);
  });
});

const RULES = natTable('-A POSTROUTING -o wan -m comment --comment "täglich \\"alles\\" ☃" -j SNAT --to-source 192.0.2.1');

/** A connection from its first to its last packet, of which each is seen on both devices. */
function conversation(port: number, at: number): Seen[] {
  const [client, server, known] = [`10.0.0.5:${port}`, "198.51.100.7:80", `192.0.2.1:${port}`];
  const turns: readonly (readonly [own: boolean, flags: string, seq: number, ack: number])[] = [
    [true, "SYN", 1000, 0],
    [false, "SYN,ACK", 5000, 1001],
    [true, "ACK", 1001, 5001],
    [true, "ACK", 1001, 5001],
    [false, "ACK", 5001, 1001],
    [true, "ACK", 1001, 5001],
    [false, "ACK", 5001, 1001],
    [true, "FIN,ACK", 1001, 5001],
    [false, "ACK", 5001, 1002],
    [false, "FIN,ACK", 5001, 1002],
    [true, "ACK", 1002, 5002],
  ];
  return turns.flatMap(([own, flags, seq, ack], i) => {
    const segment = (src: string, dst: string, ttl: number) => tcp(src, dst, flags, { seq, ack, ttl, id: port * 16 + i });
    const ttl = 60 - (i % 3);
    const [came, went] = own
      ? [segment(client, server, ttl), segment(known, server, ttl - 1)]
      : [segment(server, known, ttl), segment(server, client, ttl - 1)];
    const [from, to] = own ? (["lan", "wan"] as const) : (["wan", "lan"] as const);
    const time = at + i * 100;
    return [
      { at: time, device: from, packet: came },
      { at: time + 10, device: to, out: true, packet: went },
    ];
  });
}

describe("lines of connections", () => {
  const host = router({ "iptables-save.txt": RULES });

  it("are the same for packets that go like others, and for those that are seen again", () => {
    // More of them than are remembered, a few at a time, and every tenth goes on after the others.
    const seen = Array.from({ length: 1500 }, (_, i) => conversation(1024 + i, i * 300)).flat();
    seen.push(
      ...Array.from({ length: 300 }, (_, i) => ({
        at: 3_000_000 + i,
        device: "lan" as const,
        packet: udp("10.0.0.9:9", "198.51.100.7:53", "x".repeat(i)),
      })),
    );
    seen.sort((a, b) => a.at - b.at);
    const traces = replayed(host, seen);
    compare(traces);
    const recalled = traces.filter(({ like }) => like);
    expect(recalled.length).toBeGreaterThan(1500);
    expect(recalled.filter(({ like, way }) => way.steps !== like?.way.steps).length).toBeGreaterThan(1000);
    expect(traces.filter(({ seenBefore }) => seenBefore !== undefined).length).toBe(1500 * 11);
    expect(lineOf(traces[0] as PacketTrace)).toContain('täglich \\\\\\"alles\\\\\\" ☃');
  });

  it("name the captures when there are several", () => {
    const sources = ["a.pcap", 'b "2".pcap'].map((capture) => ({ capture, netns: "host" }));
    const replay = createReplay(host, { netns: "host", capture: "a.pcap", sources });
    const traces = frames(conversation(2000, 0)).flatMap((frame, i) => {
      const source = sources[i % 2];
      return replay.push(source ? { ...frame, source } : frame);
    });
    traces.push(...replay.finish());
    compare(traces);
    expect(traces.filter(({ seenBeforeIn }) => seenBeforeIn !== undefined).length).toBe(11);
  });
});
