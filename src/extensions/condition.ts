import type { Negatable } from "../model/rule.ts";
import type { MatchResult } from "./spec.ts";

/** Whether an option that may be absent holds: an absent one does, a negated one when its test fails. */
export function holds<T>(option: Negatable<T> | undefined, test: (value: T) => boolean): boolean {
  return option === undefined || test(option.value) !== option.not;
}

/** Turns a decided result round; an undecided one and a hotdrop stay what they are. */
export function invert(result: MatchResult, not: boolean): MatchResult {
  return typeof result === "boolean" ? result !== not : result;
}

/** The same where the kernel turns round what came of a hotdrop, too (the DCCHECK of xt_dccp.c, the SCCHECK of xt_sctp.c). */
export function invertAll(result: MatchResult, not: boolean): MatchResult {
  return result === "hotdrop" && not ? "match and hotdrop" : invert(result, not);
}

/** "TCP destination port 80", or "not TCP …" with a negation in front of what is said. */
export function says<T>(option: Negatable<T> | undefined, words: (value: T) => string): readonly string[] {
  if (option === undefined) return [];
  return [`${option.not ? "not " : ""}${words(option.value)}`];
}

/** "NEW", "NEW or RELATED", "NEW, RELATED or ESTABLISHED". */
export function oneOf(words: readonly string[], last = "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}
