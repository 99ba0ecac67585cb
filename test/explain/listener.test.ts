import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cluster } from "../../bench/inputs/cluster.ts";
import { kubeRules } from "../../bench/inputs/kube-rules.ts";
import { writeSnapshot } from "../../bench/inputs/snapshot.ts";
import { writeTraffic } from "../../bench/inputs/traffic.ts";
import { loadSnapshot } from "../../src/commands/load-snapshot.ts";
import { createReplay } from "../../src/engine/replay.ts";
import { Collection } from "../../src/explain/collect.ts";
import { type SummaryOptions, summarize } from "../../src/explain/summary.ts";
import type { Frame } from "../../src/model/packet.ts";
import { readCapture } from "../../src/wire/capture.ts";

const SEED = 5;
const OPTIONS: SummaryOptions = { sort: "trouble", all: true, top: 3, filtered: false, allSteps: true, tables: true };
const folder = mkdtempSync(join(tmpdir(), "nettrace-listener-test-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Frames of which some do not show again what others have shown. */
async function frames(path: string): Promise<Frame[]> {
  const all: Frame[] = [];
  for await (const batch of readCapture(path, createReadStream(path))) all.push(...batch.frames);
  return all.filter(({ number, type }) => type !== "outgoing" || number % 9 !== 0);
}

it("who takes packets when they were followed comes to the same as who waits until all is known of them", async () => {
  const node = cluster(SEED);
  const [machine, capture] = [join(folder, "snapshot"), join(folder, "traffic.pcap")];
  writeSnapshot(machine, node, kubeRules(node, SEED, 1000));
  writeTraffic(capture, "pcap", node, { seed: SEED, flows: 40, frames: 2000, services: true });
  const host = await loadSnapshot(machine);
  const [waiting, listening] = [new Collection(100), new Collection(100)];
  const one = createReplay(host, { netns: "host", capture: "traffic" });
  const other = createReplay(host, { netns: "host", capture: "traffic", listener: listening });
  const given: number[] = [];
  for (const frame of await frames(capture)) {
    for (const trace of one.push(frame)) waiting.add(trace);
    given.push(other.push(frame).length);
  }
  for (const trace of one.finish()) waiting.add(trace);
  given.push(other.finish().length);
  expect(new Set(given)).toEqual(new Set([0]));
  const told = summarize(listening, host, OPTIONS);
  expect(told).toEqual(summarize(waiting, host, OPTIONS));
  const notes = JSON.stringify(told.connections, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  expect(notes).toMatch(/[Ss]een leaving/);
  expect(notes).toContain("not seen there in this capture");
  expect(listening.observations).toBeGreaterThan(500);
  expect(listening.states.endings()).not.toEqual({ all: listening.states.endings().all, expected: listening.states.endings().all });
});
