import type { Candidate, Sample } from "../measure/sample.ts";

/** One figure of a goal. */
export interface Part {
  readonly what: string;
  /** Absent for a figure that is only shown. */
  readonly limit?: number;
  readonly atLeast?: boolean;
  readonly unit: "×" | " MiB" | " s";
  /** Names of the candidates that the figure is made of. */
  readonly needs: readonly string[];
  /** The candidate that this is about: when it takes too long the goal is missed. */
  readonly own: string;
  /** The figure of one round; undefined when it could not be told. */
  value(sample: (name: string) => Sample): number | undefined;
}

/** A goal of the performance page, with all that is run for it. */
export interface Goal {
  readonly id: string;
  readonly candidates: readonly Candidate[];
  readonly parts: readonly Part[];
}

/** How many times as long one candidate takes as another. */
export function times(what: string, own: Candidate, other: Candidate, limit?: number): Part {
  const value: Part["value"] = (sample) => sample(own.name).seconds / sample(other.name).seconds;
  return { what, unit: "×", needs: [own.name, other.name], own: own.name, value, ...(limit !== undefined && { limit }) };
}

/** How many times as fast one candidate is as another. */
export function faster(what: string, own: Candidate, other: Candidate, limit: number): Part {
  const value: Part["value"] = (sample) => sample(other.name).seconds / sample(own.name).seconds;
  return { what, unit: "×", needs: [own.name, other.name], own: own.name, value, limit, atLeast: true };
}

/** Most memory that a candidate had at once. */
export function peak(what: string, own: Candidate, limit: number): Part {
  return { what, unit: " MiB", needs: [own.name], own: own.name, value: (sample) => sample(own.name).peak, limit };
}

/** How long a candidate takes. */
export function lasting(what: string, own: Candidate, limit?: number): Part {
  const value: Part["value"] = (sample) => sample(own.name).seconds;
  return { what, unit: " s", needs: [own.name], own: own.name, value, ...(limit !== undefined && { limit }) };
}
