import type { Candidate, Sample } from "./sample.ts";

/** The samples of all candidates, one of each in a round. */
export type Round = ReadonlyMap<string, Sample>;

/** Runs every candidate once in each round, starting with another one each time, so that a drift of the machine meets all alike. */
export async function runRounds(candidates: readonly Candidate[], rounds: number, tell: (text: string) => void): Promise<Round[]> {
  const all: Round[] = [];
  /** What fails or takes too long does so again. */
  const hopeless = new Map<string, Sample>();
  for (let number = 0; number < rounds; number++) {
    const round = new Map<string, Sample>();
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[(i + number) % candidates.length];
      if (!candidate) continue;
      tell(`round ${number + 1} of ${rounds}: ${candidate.name}`);
      const sample = hopeless.get(candidate.name) ?? (await candidate.run());
      if (sample.over || sample.failed !== undefined) hopeless.set(candidate.name, sample);
      round.set(candidate.name, sample);
    }
    all.push(round);
  }
  return all;
}

/** The middle one of some numbers, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Median and spread. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  const lower = sorted.length % 2 === 0 ? (sorted[half - 1] ?? upper) : upper;
  return { median: (lower + upper) / 2, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}
