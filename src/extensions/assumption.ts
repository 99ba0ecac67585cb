import type { MatchResult, PacketContext } from "./spec.ts";

/** Something about the host that no capture shows. */
export interface HostFact {
  /** As `--assume` has it: "owner.uid". */
  readonly key: string;
  /** A value for the message: "1000". */
  readonly example: string;
  /** "the user whose socket sent it" */
  readonly what: string;
}

/** What a match says when its answer hangs on a fact about the host: what `--assume` makes of it, or else that it is not known. */
export function unlessAssumed(context: PacketContext, fact: HostFact, decide: (value: string) => boolean | undefined): MatchResult {
  const value = context.assume?.(fact.key);
  const decided = value === undefined ? undefined : decide(value);
  return decided ?? { unknown: `${fact.what} (--assume ${fact.key}=${fact.example})` };
}

/** Reads "yes" and "no". */
export function yesOrNo(value: string): boolean | undefined {
  return value === "yes" ? true : value === "no" ? false : undefined;
}

/** A decided result and the negation of what asked for it. */
export function turned(decided: boolean | undefined, not: boolean): boolean | undefined {
  return decided === undefined ? undefined : decided !== not;
}
