import type { Problem, ProblemKind } from "../model/problem.ts";

/** A line of an input while it is read. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The whole line. */
  readonly source: string;
}

/** Where something stands in its line: from `start`, counted from 0, up to and without `end`. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** A problem with a part of a line. */
export function problemAt(place: Place, at: Extent, message: string, hint?: string, kind?: ProblemKind): Problem {
  const span = Math.max(1, at.end - at.start);
  return { ...place, column: at.start + 1, message, span, ...(hint === undefined ? {} : { hint }), ...(kind && { kind }) };
}

/** The place just behind the last word of a line. */
export function endOf(place: Place): Extent {
  const end = place.source.trimEnd().length;
  return { start: end, end: end + 1 };
}
