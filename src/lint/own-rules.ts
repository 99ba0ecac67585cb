import type { Chain, Rule, Table } from "../model/rule.ts";
import { isUnconditional } from "./conditions.ts";
import { targetChain } from "./jumps.ts";
import { isManaged } from "./managed-chains.ts";
import { reachableRules } from "./unreachable.ts";

/** The rules of a chain and of those that it jumps to, in order, without what programs wrote and what no packet comes to. */
export function* ownRules(table: Table, chain: Chain, more: readonly string[], seen: ReadonlySet<string> = new Set()): Generator<Rule> {
  for (const rule of reachableRules(table, chain)) {
    const next = targetChain(table, rule);
    if (!next) yield rule;
    else if (!seen.has(next.name) && !isManaged(next.name, more)) yield* ownRules(table, next, more, new Set([...seen, next.name]));
  }
}

/** Whether a rule says of some new connections from elsewhere that they are welcome. */
export function isWelcome(rule: Rule): boolean {
  const { target, matches, inInterface } = rule;
  if (target?.kind !== "verdict" || target.verdict !== "ACCEPT" || isUnconditional(rule) || inInterface?.value === "lo") return false;
  const states = matches.find(({ name }) => name === "conntrack" || name === "state")?.words.join(" ");
  return states === undefined || /\bNEW\b/.test(states);
}

/** Whether INPUT lets anything in from elsewhere: where it does not, all was shut out on purpose. */
export function letsSomethingIn(table: Table | undefined, more: readonly string[]): boolean {
  const chain = table?.chains.get("INPUT");
  if (!table || !chain) return true;
  const own = [...ownRules(table, chain, more)];
  return own.some(({ target, inInterface }) => target?.kind === "verdict" && target.verdict === "ACCEPT" && inInterface?.value !== "lo");
}
