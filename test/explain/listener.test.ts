import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cluster } from "../../bench/inputs/cluster.ts";
import { writeHostile } from "../../bench/inputs/hostile.ts";
import { kubeRules } from "../../bench/inputs/kube-rules.ts";
import { writeSnapshot } from "../../bench/inputs/snapshot.ts";
import { writeTraffic } from "../../bench/inputs/traffic.ts";
import { loadSnapshot } from "../../src/commands/load-snapshot.ts";
import type { Listener } from "../../src/engine/listener.ts";
import { createReplay } from "../../src/engine/replay.ts";
import { Collection } from "../../src/explain/collect.ts";
import { joined } from "../../src/explain/join.ts";
import { type Part, PartOfCollection } from "../../src/explain/part.ts";
import { type SummaryOptions, summarize } from "../../src/explain/summary.ts";
import { Lot } from "../../src/jobs/lot.ts";
import type { Frames } from "../../src/model/frames.ts";
import type { Frame } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { readCapture } from "../../src/wire/capture.ts";

const SEED = 5;
const MEASURE = { keep: 100, rows: 1000 };
const OPTIONS: SummaryOptions = { sort: "trouble", all: true, top: 3, filtered: false, allSteps: true, tables: true };
const folder = mkdtempSync(join(tmpdir(), "nettrace-listener-test-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Frames of which some do not show again what others have shown; `asked` counts those that somebody wanted to have. */
async function* frames(path: string, asked: { had: number; glanced: number }): AsyncGenerator<Frames> {
  for await (const { frames: all } of readCapture(path, createReadStream(path))) {
    const numbers = [...Array(all.length).keys()].filter((i) => {
      const { number, type } = all.at(i) as Frame;
      return type !== "outgoing" || number % 9 !== 0;
    });
    yield {
      length: numbers.length,
      at(index) {
        asked.had++;
        return all.at(numbers[index] ?? all.length);
      },
      glance(index) {
        asked.glanced++;
        return all.glance?.(numbers[index] ?? all.length);
      },
      *[Symbol.iterator]() {
        for (const i of numbers) yield all.at(i) as Frame;
      },
    };
  }
}

it("who takes packets when they were followed, or only glances at them, comes to the same as who waits until all is known of them", async () => {
  const node = cluster(SEED);
  const [machine, capture] = [join(folder, "snapshot"), join(folder, "traffic.pcap")];
  writeSnapshot(machine, node, kubeRules(node, SEED, 1000));
  writeTraffic(capture, "pcap", node, { seed: SEED, flows: 40, frames: 2000, services: true });
  const host = await loadSnapshot(machine);
  const [waiting, listening, glancing] = [new Collection(100), new Collection(100), new Collection(100)];
  const one = createReplay(host, { netns: "host", capture: "traffic" });
  const other = createReplay(host, { netns: "host", capture: "traffic", listener: listening });
  const third = createReplay(host, { netns: "host", capture: "traffic", listener: glancing });
  const kept: PacketTrace[] = [];
  const keeping: Listener = { followed: (trace) => trace.way !== undefined && kept.push(trace) > 0, again: () => {}, missed: () => {} };
  const fourth = createReplay(host, { netns: "host", capture: "traffic", listener: keeping });
  const given: number[] = [];
  const asked = { had: 0, glanced: 0 };
  for await (const some of frames(capture, asked)) {
    for (const frame of some) {
      for (const trace of one.push(frame)) waiting.add(trace);
      given.push(other.push(frame).length);
    }
    for (let i = 0; i < some.length; i++) given.push(third.take(some, i)?.length ?? -1);
    for (let i = 0; i < some.length; i++) given.push(fourth.take(some, i)?.length ?? -1);
  }
  for (const trace of one.finish()) waiting.add(trace);
  given.push(other.finish().length, third.finish().length, fourth.finish().length);
  const told = summarize(listening, host, OPTIONS);
  expect(told).toEqual(summarize(waiting, host, OPTIONS));
  expect(summarize(glancing, host, OPTIONS)).toEqual(told);
  for (const { frame, packet, way } of kept) {
    expect(packet).toBe(frame.packet);
    for (const { packet: out } of way.out) expect([frame.number, out.id]).toEqual([frame.number, packet.id]);
  }
  expect(kept.filter(({ like }) => like).length).toBeGreaterThan(500);
  expect(asked.glanced).toBeGreaterThan(1500);
  expect(asked.had).toBeLessThan(1500);
  expect(new Set(given)).toEqual(new Set([0]));
  const notes = JSON.stringify(told.connections, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  expect(notes).toMatch(/[Ss]een leaving/);
  expect(notes).toContain("not seen there in this capture");
  expect(listening.observations).toBeGreaterThan(500);
  expect(listening.states.endings()).not.toEqual({ all: listening.states.endings().all, expected: listening.states.endings().all });
});

it("two who share packets, and glance at those of each other, come to the same as one", async () => {
  const node = cluster(SEED);
  const [machine, capture] = [join(folder, "shared"), join(folder, "hostile.pcap")];
  writeSnapshot(machine, node, kubeRules(node, SEED, 1000));
  writeHostile(capture, "pcap", node, { seed: SEED, frames: 400 });
  const host = await loadSnapshot(machine);
  const options = { netns: "host", capture: "hostile" };
  const alone = new PartOfCollection(MEASURE, 1);
  const one = createReplay(host, { ...options, listener: alone });
  const parts = [0, 1].map(() => new PartOfCollection(MEASURE, 2));
  const lots = parts.map((listener, own) => new Lot(host, { ...options, listener }, [1, 1], own));
  for await (const { frames: all } of readCapture(capture, createReadStream(capture))) {
    for (let i = 0; i < all.length; i++) {
      one.take(all, i);
      for (const lot of lots) lot.take(all, i);
    }
  }
  for (const replay of [one, ...lots]) expect(replay.finish()).toEqual([]);
  expect(lots.map(({ astray, position }) => [astray, position])).toEqual([
    [undefined, 400],
    [undefined, 400],
  ]);
  const [first, second] = parts.map((part) => part.part());
  expect(Math.min(first?.packets ?? 0, second?.packets ?? 0)).toBeGreaterThan(100);
  expect(summarize(joined([first, second] as Part[], 0, MEASURE), host, OPTIONS)).toEqual(
    summarize(joined([alone.part()], 0, MEASURE), host, OPTIONS),
  );
});
