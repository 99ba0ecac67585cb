import type { Rule } from "../model/rule.ts";
import { doingOf } from "../sets/fates.ts";
import type { Fate, RulePlace } from "../sets/stream.ts";
import { targetMeaning } from "./conditions.ts";

/** How what a rule decides stands to what another one does: the same, something else, or nothing that could be compared. */
export type Standing = "agree" | "conflict" | "neither";

const PAST: Readonly<Record<Fate, string>> = {
  accept: "accepted",
  drop: "dropped",
  queue: "queued",
  translate: "translated",
  return: "sent back",
  changed: "marked",
};

/** "dropped by line 38" */
export function outcomeOf({ rule }: RulePlace, fate: Fate): string {
  const rejects = rule.target?.kind === "extension" && rule.target.name === "REJECT";
  return `${rejects ? "rejected" : PAST[fate]} by line ${rule.line}`;
}

/** Whether a rule wants of its packets what became of them. */
export function standingOf(rule: Rule, by: RulePlace, fate: Fate): Standing {
  const doing = doingOf(rule.target);
  if (!rule.target || "chain" in rule.target || !(doing in PAST)) return "neither";
  if (doing !== fate) return "conflict";
  return fate === "accept" || fate === "drop" || fate === "return" || targetMeaning(rule.target) === targetMeaning(by.rule.target)
    ? "agree"
    : "conflict";
}
