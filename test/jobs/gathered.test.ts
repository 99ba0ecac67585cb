import { describe, expect, it } from "vitest";
import type { Listener } from "../../src/engine/listener.ts";
import { createReplay, type ReplayOptions } from "../../src/engine/replay.ts";
import { Collection } from "../../src/explain/collect.ts";
import type { Collected } from "../../src/explain/collected.ts";
import { joined } from "../../src/explain/join.ts";
import { packPart, unpackPart } from "../../src/explain/pack-part.ts";
import { type Measure, type Part, PartOfCollection } from "../../src/explain/part.ts";
import { type SummaryOptions, summarize } from "../../src/explain/summary.ts";
import { Lot } from "../../src/jobs/lot.ts";
import type { Host } from "../../src/model/host.ts";
import type { Entering } from "./dealt.ts";
import { eachRecording } from "./recordings.ts";

const WAYS = [
  [1, 1],
  [2, 1, 1],
];
/** Of the first ones so little that there is not room for all of most recordings. */
const MEASURES: readonly Measure[] = [
  { keep: 1, rows: 4 },
  { keep: 2, rows: 1000 },
  { keep: 100, rows: 1000 },
];
const OPTIONS: SummaryOptions = { sort: "trouble", all: false, top: 3, filtered: false, allSteps: true, tables: true };

const tally = { cases: 0, told: 0, left: 0, tooLarge: 0 };

/** What is told of what one replay makes of frames, for each measure. */
function collected(host: Host, options: ReplayOptions, frames: readonly Entering[]): Collected[] {
  const replay = createReplay(host, options);
  const traces = [...frames.flatMap(([frame, from]) => replay.push(frame, from)), ...replay.finish()];
  return MEASURES.map(({ keep, rows }) => {
    const collection = new Collection(keep, "rule", rows);
    for (const trace of traces) collection.add(trace);
    return collection;
  });
}

/** The same of what several make of them, each of which gathers its own as it follows it; undefined where they cannot be relied on. */
function gathered(host: Host, options: ReplayOptions, frames: readonly Entering[], weights: readonly number[]) {
  const all = weights.map(() => MEASURES.map((measure) => new PartOfCollection(measure, weights.length)));
  const lots = all.map((parts, own) => new Lot(host, { ...options, listener: told(parts) }, weights, own));
  for (const lot of lots) {
    const traces = [...frames.flatMap(([frame, from]) => lot.take([frame], 0, from) ?? []), ...lot.finish()];
    expect(traces).toEqual([]);
  }
  if (lots.some(({ astray }) => astray !== undefined)) return undefined;
  return MEASURES.map((measure, i) => {
    const parts = all.map((own) => own[i] as PartOfCollection);
    if (parts.some((part) => part.isTooLarge)) return "too large";
    const [own, ...others] = parts.map((part) => part.part());
    // The last of all may change its traces: the part of the main thread is not sent.
    const sent = measure === MEASURES.at(-1) ? others : [own as Part, ...others];
    const received = sent.map((part) => unpackPart(host, options.capture, structuredClone(packPart(host, part))));
    return joined(sent === others ? [own as Part, ...received] : received, 0, measure);
  });
}

/** Tells each part of each packet. */
function told(parts: readonly PartOfCollection[]): Listener {
  return {
    followed: (trace) => parts.map((part) => part.followed(trace)).includes(true),
    again: (frame) => {
      for (const part of parts) part.again(frame);
    },
    missed: (flow) => {
      for (const part of parts) part.missed(flow);
    },
  };
}

describe("what several replays gather comes to what one collects", () => {
  eachRecording((host, options, frames) => {
    const one = collected(host, options, frames);
    for (const weights of WAYS) {
      for (const [i, several] of gathered(host, options, frames, weights)?.entries() ?? []) {
        const whole = one[i] as Collected;
        if (several === "too large") {
          tally.tooLarge++;
          continue;
        }
        for (const [sort, all] of [
          ["trouble", false],
          ["time", true],
        ] as const) {
          const summary = summarize(several, host, { ...OPTIONS, sort, all });
          expect(summary).toEqual(summarize(whole, host, { ...OPTIONS, sort, all }));
          tally.told += summary.connections.length;
        }
        tally.cases++;
        const count = [...whole.states.endings().all.values()].reduce((sum, n) => sum + n, 0);
        if (several.connections.size < count) tally.left++;
      }
    }
  });

  it("was possible, with connections that were left out", () => {
    expect(tally.cases).toBeGreaterThan(1000);
    expect(tally.told).toBeGreaterThan(tally.cases);
    expect(tally.left).toBeGreaterThan(100);
    expect(tally.tooLarge).toBeGreaterThan(10);
  });
});
