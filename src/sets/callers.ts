import { type Chain, chainOf, type Rule, type Table } from "../model/rule.ts";

/** A rule that jumps or goes to a chain, and the chain that it is in. */
export interface Caller {
  readonly chain: Chain;
  readonly rule: Rule;
}

const known = new WeakMap<Table, ReadonlyMap<string, readonly Caller[]>>();

/** The rules that jump or go to each chain of a table. */
export function callersOf(table: Table): ReadonlyMap<string, readonly Caller[]> {
  const found = known.get(table);
  if (found) return found;
  const callers = new Map<string, Caller[]>();
  for (const chain of table.chains.values()) {
    for (const rule of chain.rules) {
      const name = chainOf(rule.target);
      if (name === undefined) continue;
      const list = callers.get(name);
      if (list) list.push({ chain, rule });
      else callers.set(name, [{ chain, rule }]);
    }
  }
  known.set(table, callers);
  return callers;
}

/** A chain and those from which it can be come to. */
export function leadingTo(table: Table, name: string): ReadonlySet<string> {
  const callers = callersOf(table);
  const found = new Set([name]);
  // A set gives out as well what is added while it is gone through.
  for (const one of found) for (const { chain } of callers.get(one) ?? []) found.add(chain.name);
  return found;
}
