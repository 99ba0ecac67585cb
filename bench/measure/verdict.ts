import type { Goal, Part } from "../goals/goal.ts";
import { type Round, type Spread, spreadOf } from "./rounds.ts";
import type { Sample } from "./sample.ts";

/** A line of the table of goals. */
export interface Line {
  readonly goal: string;
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly spread: string;
  /** The same from processor times, which other work on the machine disturbs less. */
  readonly processor: string;
  readonly result: string;
}

/** Holds what was measured against a goal. */
export function judge(goal: Goal, rounds: readonly Round[]): Line[] {
  return goal.parts.map((part) => lineOf(goal.id, part, rounds));
}

function lineOf(goal: string, part: Part, rounds: readonly Round[]): Line {
  const { what, atLeast = false } = part;
  const limit = part.limit === undefined ? "none" : `${atLeast ? "≥" : "≤"} ${part.limit}${part.unit}`;
  const line = { goal, what, limit, measured: "", spread: "", processor: "" };
  const samples = (name: string) => rounds.map((round) => round.get(name)).filter((sample) => sample !== undefined);
  for (const name of part.needs) {
    const failed = samples(name).find((sample) => sample.failed !== undefined)?.failed;
    if (failed !== undefined) return { ...line, result: failureOf(name, failed) };
    if (name !== part.own && samples(name).some((sample) => sample.over))
      return { ...line, result: `not measured: ${name} takes too long` };
  }
  const over = samples(part.own).some((sample) => sample.over);
  const values = rounds.map((round) => part.value((name) => round.get(name) as Sample));
  if (values.some((value) => value === undefined))
    return { ...line, result: over ? "not measured: it takes too long" : "not measured: no /usr/bin/time, which tells memory" };
  const spread = spreadOf(values.filter((value) => value !== undefined));
  const sign = over ? (atLeast ? "< " : "> ") : "";
  const met = part.limit === undefined ? undefined : atLeast ? spread.median >= part.limit : spread.median <= part.limit;
  if (met && over) return { ...line, result: `not measured: ${part.own} takes too long` };
  const result = met === undefined ? "-" : met ? "pass" : "MISS";
  const measured = `${sign}${short(spread.median)}${part.unit}`;
  return { ...line, measured, spread: spreadText(spread), processor: over ? "" : byProcessor(part, rounds, spread.median), result };
}

/** Nothing when processor times play no part in a figure. */
function byProcessor(part: Part, rounds: readonly Round[], byWall: number): string {
  const values = rounds.map((round) =>
    part.value((name) => {
      const sample = round.get(name) as Sample;
      return { ...sample, seconds: sample.cpu ?? sample.seconds };
    }),
  );
  const { median } = spreadOf(values.filter((value) => value !== undefined));
  return median === byWall ? "" : `${short(median)}${part.unit}`;
}

/** Formats and flags that are still to come say so themselves. */
function failureOf(name: string, failed: string): string {
  if (/not read yet|there is no flag/.test(failed)) return "not there yet";
  return `not measured: ${name}: ${failed}`;
}

/** Least and most of several rounds. */
export function spreadText({ least, most }: Spread): string {
  return least === most ? "" : `${short(least)}–${short(most)}`;
}

/** A number with three digits that count. */
export function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
