import type { ArgValues, Ruleset } from "../model/rule.ts";

/** Matches and targets that make the kernel track connections in a namespace (nf_ct_netns_get). A nat table alone does not. */
const NEEDS_CONNTRACK = new Set([
  "conntrack",
  "state",
  "connmark",
  "helper",
  "connbytes",
  "connlimit",
  "connlabel",
  "cluster",
  "CONNMARK",
  "CONNSECMARK",
  "CT",
  "SYNPROXY",
  "DNAT",
  "SNAT",
  "MASQUERADE",
  "REDIRECT",
  "NETMAP",
  "CLUSTERIP",
]);

/** Matches and targets that only make it put fragments together. */
const NEEDS_DEFRAG = new Set(["socket", "TPROXY"]);

/** `-j CT --notrack` alone makes nothing track (xt_CT.c, xt_ct_tg_check). */
function onlyUntracks({ name, args }: { readonly name: string; readonly args?: ArgValues }): boolean {
  return name === "CT" && args?.["notrack"] !== undefined;
}

/** The matches and targets that rules use to any effect: looked for once, since a ruleset may be long. */
const used = new WeakMap<Ruleset, ReadonlySet<string>>();

function namesUsed(ruleset: Ruleset): ReadonlySet<string> {
  const names = new Set<string>();
  for (const table of ruleset.tables.values()) {
    for (const chain of table.chains.values()) {
      for (const { target, matches } of chain.rules) {
        if (target?.kind === "extension" && !onlyUntracks(target)) names.add(target.name);
        for (const match of matches) names.add(match.name);
      }
    }
  }
  used.set(ruleset, names);
  return names;
}

/** Whether rules use one of some matches and targets to any effect. */
export function usesAny(ruleset: Ruleset | undefined, names: ReadonlySet<string>): boolean {
  if (!ruleset) return false;
  const { summary } = ruleset;
  if (summary) {
    const named = [...summary.names].filter((name) => names.has(name));
    // Whether CT does anything else than --notrack is in the rules only.
    if (named.length === 0 || named.some((name) => name !== "CT")) return named.length > 0;
  }
  const found = used.get(ruleset) ?? namesUsed(ruleset);
  return [...found].some((name) => names.has(name));
}

/** Whether rules make the kernel track connections. */
export function needsConntrack(ruleset: Ruleset | undefined): boolean {
  return usesAny(ruleset, NEEDS_CONNTRACK);
}

/** Whether rules make it put fragments together, though it may track nothing. */
export function needsDefrag(ruleset: Ruleset | undefined): boolean {
  return usesAny(ruleset, NEEDS_DEFRAG);
}

/** The arguments of every use of a match. */
export function matchUses(ruleset: Ruleset | undefined, name: string): readonly ArgValues[] {
  const found: ArgValues[] = [];
  if (!usesAny(ruleset, new Set([name]))) return found;
  for (const table of ruleset?.tables.values() ?? []) {
    for (const chain of table.chains.values()) {
      for (const { matches } of chain.rules) for (const match of matches) if (match.name === name && match.args) found.push(match.args);
    }
  }
  return found;
}

/** Whether any counter shows that packets have passed. */
export function hasCounted(ruleset: Ruleset | undefined): boolean {
  if (ruleset?.summary) return ruleset.summary.counted;
  for (const table of ruleset?.tables.values() ?? []) {
    for (const chain of table.chains.values()) {
      if ((chain.counters?.packets ?? 0) > 0 || chain.rules.some((rule) => (rule.counters?.packets ?? 0) > 0)) return true;
    }
  }
  return false;
}
