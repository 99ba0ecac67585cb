import { type Chain, chainIn, type Hook, type Rule, TABLE_HOOKS, type Table } from "../model/rule.ts";
import { isFinal, isUnconditional } from "./conditions.ts";

/** The chain that a rule jumps or goes to. */
export function targetChain({ chains }: Table, { target }: Rule): Chain | undefined {
  return chainIn(chains, target);
}

/** Makes what several rules ask of a table once. */
function once<T>(make: (table: Table) => T): (table: Table) => T {
  const made = new WeakMap<Table, { readonly value: T }>();
  return (table) => {
    const known = made.get(table) ?? { value: make(table) };
    made.set(table, known);
    return known.value;
  };
}

/** The hooks from which packets can come to each chain, by the jumps that there are. */
export const hooksOfChains = once((table): ReadonlyMap<string, ReadonlySet<Hook>> => {
  const hooks = new Map<string, Set<Hook>>();
  for (const hook of TABLE_HOOKS[table.name]) {
    const open = [table.chains.get(hook)];
    for (let chain = open.pop(); chain; chain = open.pop()) {
      const known = hooks.get(chain.name) ?? new Set();
      if (known.has(hook)) continue;
      hooks.set(chain.name, known.add(hook));
      for (const rule of chain.rules) {
        const next = targetChain(table, rule);
        if (next) open.push(next);
      }
    }
  }
  return hooks;
});

/** The chains out of which no packet comes back, by the plainest of reasons: a rule without conditions decides, and none before it returns. */
export const chainsWithoutReturn = once((table): ReadonlySet<string> => {
  const known = new Map<Chain, boolean>();
  const takesAll = (chain: Chain, depth: number): boolean => {
    const before = known.get(chain);
    if (before !== undefined || depth > MOST_JUMPS) return before ?? false;
    known.set(chain, false);
    const result = decides(chain, (next) => takesAll(next, depth + 1), table);
    known.set(chain, result);
    return result;
  };
  return new Set([...table.chains.values()].filter((chain) => takesAll(chain, 0)).map((chain) => chain.name));
});

// Deeper than any chain that the kernel's jump stack is made for in practice.
const MOST_JUMPS = 500;

function decides(chain: Chain, takesAll: (chain: Chain) => boolean, table: Table): boolean {
  for (const rule of chain.rules) {
    const { target } = rule;
    if (!target) continue;
    const next = targetChain(table, rule);
    const all = isUnconditional(rule);
    if (target.kind === "verdict" && target.verdict === "RETURN") return false;
    if (target.kind === "goto" && !(next && takesAll(next))) return false;
    if (!all) continue;
    if (target.kind === "goto" || (target.kind === "jump" && next && takesAll(next))) return true;
    if (target.kind !== "jump" && isFinal(target)) return true;
  }
  return false;
}
