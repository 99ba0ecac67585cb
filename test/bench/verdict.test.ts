import { describe, expect, it } from "vitest";
import { faster, type Goal, peak, times } from "../../bench/goals/goal.ts";
import { runRounds, spreadOf } from "../../bench/measure/rounds.ts";
import type { Candidate, Sample } from "../../bench/measure/sample.ts";
import { judge, type Line } from "../../bench/measure/verdict.ts";

function candidate(name: string, ...samples: readonly Sample[]): Candidate {
  let runs = 0;
  return { name, run: async () => samples[Math.min(runs++, samples.length - 1)] ?? { seconds: Number.NaN } };
}

async function judged(own: Candidate, other: Candidate, part: Goal["parts"][0], rounds = 1): Promise<Line | undefined> {
  const goal = { id: "P0", candidates: [own, other], parts: [part] };
  return judge(goal, await runRounds(goal.candidates, rounds, () => {}))[0];
}

describe("the table of goals", () => {
  const peer = candidate("peer", { seconds: 2 });

  it("takes the median of the rounds' ratios", async () => {
    const own = candidate("own", { seconds: 3 }, { seconds: 8 }, { seconds: 5 });
    const line = await judged(own, peer, times("ratio", own, peer, 2.5), 3);
    expect(line).toMatchObject({ measured: "2.50×", spread: "1.50–4.00", result: "pass" });
    expect(await judged(own, peer, times("ratio", own, peer, 2), 1)).toMatchObject({ result: "MISS" });
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 });
  });

  it("never passes what could not be measured", async () => {
    const own = candidate("own", { seconds: 1 });
    const absent = candidate("peer", { seconds: Number.NaN, failed: "peer is not installed" });
    expect(await judged(own, absent, times("ratio", own, absent, 2))).toMatchObject({
      result: "not measured: peer: peer is not installed",
    });
    const later = candidate("own", { seconds: 1, failed: "nettrace: there is no flag --jobs" });
    expect(await judged(later, peer, faster("ratio", later, peer, 2))).toMatchObject({ result: "not there yet" });
    expect(await judged(own, peer, peak("memory", own, 300))).toMatchObject({
      measured: "",
      result: expect.stringContaining("not measured"),
    });
  });

  it("calls what takes too long a miss only where it is certain", async () => {
    const own = candidate("own", { seconds: 10, over: true });
    expect(await judged(own, peer, times("ratio", own, peer, 2))).toMatchObject({ measured: "> 5.00×", result: "MISS" });
    expect(await judged(own, peer, faster("ratio", own, peer, 2))).toMatchObject({ measured: "< 0.200×", result: "MISS" });
    expect(await judged(own, peer, times("ratio", own, peer, 6))).toMatchObject({ result: "not measured: own takes too long" });
    expect(await judged(peer, own, times("ratio", peer, own, 6))).toMatchObject({ result: "not measured: own takes too long" });
  });
});
