import { asyncProperty, check } from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CaseArbitrary } from "./cases/arbitrary.ts";
import type { Case } from "./cases/case.ts";
import { saveEvidence } from "./judge/evidence.ts";
import { ask, judge, Refused } from "./judge/run-case.ts";
import { Lab } from "./lab/lab.ts";
import { lack } from "./lack.ts";
import { settings } from "./live-settings.ts";

const { seed, cases, backend, family, jobs, keep } = settings();
const what = family === 4 ? backend : `${backend}, IPv6`;
/** Cases of one fast-check run; a run ends with its first failure, the others go on. */
const RUN = 20;
/** How often a case is asked before its difference counts. */
const ATTEMPTS = 3;
/** Share of the drawn machines that the kernel may refuse to build, rulesets included. */
const MOST_REFUSED = 0.1;

const lacking = await lack(backend);
const tally = { cases: 0, refused: 0, packets: 0, unknown: new Map<string, number>(), once: 0 };
const labs: Lab[] = [];

if (lacking !== undefined) process.stdout.write(`live kernel, ${what}: skipped, for ${lacking}\n`);

describe.skipIf(lacking !== undefined)(`the live kernel, ${what}${lacking === undefined ? `, seed ${seed}` : `: ${lacking}`}`, () => {
  beforeAll(async () => {
    for (let i = 0; i < jobs; i++) labs.push(await Lab.start());
  });

  afterAll(async () => {
    await Promise.all(labs.map((lab) => lab.stop()));
    report();
  });

  const runs = Array.from({ length: Math.ceil(cases / RUN) }, (_, run) => run);
  it.concurrent.each(runs)("run %i", async (run) => {
    const lab = labs.pop() as Lab;
    try {
      await agreement(lab, run, Math.min(RUN, cases - run * RUN));
    } finally {
      labs.push(lab);
    }
  });

  it("builds what was drawn", () => {
    expect(tally.cases).toBeGreaterThan(0);
    expect(tally.refused / tally.cases).toBeLessThan(MOST_REFUSED);
  });
});

/** Fails with the smallest case in which kernel and replay disagree. */
async function agreement(lab: Lab, run: number, size: number): Promise<void> {
  let shrinking = false;
  const property = asyncProperty(new CaseArbitrary(backend, family), async (value) => {
    const found = await disagreement(lab, value, !shrinking);
    if (found === undefined) return;
    shrinking = true;
    throw new Error(found);
  });
  const result = await check(property, { seed: seed * 10_000 + run, numRuns: size });
  const smallest = result.counterexample?.[0];
  if (!smallest) return;
  const evidence = await ask(lab, smallest).catch(() => undefined);
  const file = `${keep}/${backend}${family === 6 ? "-ipv6" : ""}-${seed}-${run}.json.gz`;
  if (evidence) saveEvidence(file, evidence);
  const told = [
    String(result.errorInstance),
    JSON.stringify({ rules: smallest.rules, sends: smallest.sends, topology: smallest.topology }, undefined, 1),
  ];
  expect.fail(`${told.join("\n")}\nkept in ${file}`);
}

/** Where kernel and replay disagree about a case, each time that it is asked; what does not come again hung on the clock. */
async function disagreement(lab: Lab, value: Case, counts: boolean): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    const found = await answer(lab, value, counts && attempt === 0);
    if (found === undefined) {
      if (attempt > 0) tally.once++;
      return undefined;
    }
    if (attempt + 1 === ATTEMPTS) return found;
  }
}

async function answer(lab: Lab, value: Case, counts: boolean): Promise<string | undefined> {
  try {
    const judgement = judge(await ask(lab, value));
    if (counts) {
      tally.cases++;
      tally.packets += judgement.packets;
      for (const reason of judgement.unknown) tally.unknown.set(reason, (tally.unknown.get(reason) ?? 0) + 1);
    }
    return judgement.disagreements.length === 0 ? undefined : judgement.disagreements.join("\n");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (counts) {
      tally.cases++;
      tally.refused++;
    }
    return undefined;
  }
}

function report(): void {
  const { unknown } = tally;
  const undecided = [...unknown.values()].reduce((sum, count) => sum + count, 0);
  const lines = [
    `live kernel, ${what}, seed ${seed}: ${tally.cases} cases, ${tally.packets} packets; ${undecided} unknown, ${tally.refused} machines refused, ${tally.once} not repeatable`,
    ...[...unknown].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `  unknown ${count}: ${reason}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
