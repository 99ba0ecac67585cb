import type { Chain, Rule, Table } from "../model/rule.ts";
import { isFinal, isUnconditional } from "./conditions.ts";
import { chainsWithoutReturn } from "./jumps.ts";

/** The first rule of a chain behind which no packet goes on in the chain. */
export function lastRule(table: Table, chain: Chain): Rule | undefined {
  return chain.rules.find((rule) => {
    if (!isUnconditional(rule)) return false;
    const { target } = rule;
    return isFinal(target) || (target?.kind === "jump" && chainsWithoutReturn(table).has(target.chain));
  });
}

/** The rules of a chain up to that one. */
export function reachableRules(table: Table, chain: Chain): readonly Rule[] {
  const last = lastRule(table, chain);
  return last ? chain.rules.slice(0, last.number) : chain.rules;
}
