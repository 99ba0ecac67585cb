import { describe, expect, it } from "vitest";
import { Deal } from "../../src/engine/deal.ts";
import { dealt, inOne } from "./dealt.ts";
import { eachRecording } from "./recordings.ts";

const WAYS = [
  [1, 1],
  [2, 1, 1],
];

const tally = { cases: 0, spread: 0, whole: 0 };

describe("packets that are dealt to several replays end up as with one", () => {
  // What they found before they could not be relied on any more has to be right.
  eachRecording((host, options, frames) => {
    const one = inOne(host, options, frames);
    for (const weights of WAYS) {
      const { traces, astray } = dealt(host, options, frames, weights);
      expect(traces).toEqual(one.slice(0, astray === undefined ? one.length : traces.length));
      const deal = new Deal(host, weights);
      const isSpread = new Set(frames.flatMap(([{ packet }]) => (packet ? [deal.of(packet)] : []))).size > 1;
      tally.cases++;
      if (isSpread) tally.spread++;
      if (isSpread && astray === undefined) tally.whole++;
    }
  });

  it("was seen, and possible to the end", () => {
    expect(tally.spread).toBeGreaterThan(tally.cases / 3);
    expect(tally.whole).toBeGreaterThan(tally.spread / 3);
  });
});
