import type { Chain, Rule } from "../model/rule.ts";
import { type Box, CHOICES, overlaps } from "../sets/box.ts";
import { difference } from "../sets/difference.ts";
import { doingOf } from "../sets/fates.ts";
import { type Guard, STATES } from "../sets/guard.ts";
import { isUnconditional, targetMeaning } from "./conditions.ts";

/** Rules that are looked at behind one. */
const MOST_BEHIND = 1000;

/** Lines that do to a rule's packets what it does, "policy" where they reach the chain's end. */
export interface Anyway {
  readonly lines: readonly number[];
  readonly policy: boolean;
}

/**
 * What would decide the same about all packets of a rule if it were not there: rules behind it in its chain, and the policy. Undefined where
 * anything else happens to one of them, if only that it is counted or logged.
 */
export function decidedAnyway(chain: Chain, rule: Rule, guardOf: (rule: Rule) => Guard): Anyway | undefined {
  const doing = doingOf(rule.target);
  const guard = guardOf(rule);
  if ((doing !== "accept" && doing !== "drop") || !guard.exact || isUnconditional(rule) || isShortCut(rule, guard)) return undefined;
  const wanted = targetMeaning(rule.target);
  let left: readonly Box[] = guard.over;
  const lines: number[] = [];
  for (const next of chain.rules.slice(rule.number, rule.number + MOST_BEHIND)) {
    const other = guardOf(next);
    if (!left.some((box) => other.over.some((one) => overlaps(one, box)))) continue;
    if (!other.exact || targetMeaning(next.target) !== wanted || next.line === rule.line) return undefined;
    const rest = difference(left, other.under);
    if (!rest) return undefined;
    left = rest;
    lines.push(next.line);
    if (left.length === 0) return { lines, policy: false };
  }
  const isPolicy = chain.policy !== undefined && chain.rules.length <= rule.number + MOST_BEHIND;
  const verdict = rule.target?.kind === "verdict" ? rule.target.verdict : undefined;
  return isPolicy && chain.policy === verdict ? { lines, policy: true } : undefined;
}

const KNOWN = STATES.reduce((bits, state, bit) => (state === "ESTABLISHED" || state === "RELATED" ? bits | (1 << bit) : bits), 0);

/** What most packets take at once spares them the rest of the chain: what belongs to a connection, and the host's talk with itself. */
function isShortCut({ inInterface, outInterface }: Rule, { over }: Guard): boolean {
  return (inInterface ?? outInterface)?.value === "lo" || over.every(({ choices }) => ((choices[CHOICES.state] ?? 0) & ~KNOWN) === 0);
}
