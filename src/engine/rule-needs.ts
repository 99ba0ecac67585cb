import type { ArgValues, Rule, Ruleset } from "../model/rule.ts";

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

function rulesOf(ruleset: Ruleset | undefined): readonly Rule[] {
  return [...(ruleset?.tables.values() ?? [])].flatMap((table) => [...table.chains.values()].flatMap((chain) => chain.rules));
}

/** `-j CT --notrack` alone makes nothing track (xt_CT.c, xt_ct_tg_check). */
function onlyUntracks({ name, args }: { readonly name: string; readonly args?: ArgValues }): boolean {
  return name === "CT" && args?.["notrack"] !== undefined;
}

/** Whether rules use one of some matches and targets to any effect. */
export function usesAny(ruleset: Ruleset | undefined, names: ReadonlySet<string>): boolean {
  return rulesOf(ruleset).some(({ target, matches }) => {
    if (target?.kind === "extension" && names.has(target.name) && !onlyUntracks(target)) return true;
    return matches.some((match) => names.has(match.name));
  });
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
  return rulesOf(ruleset).flatMap((rule) => rule.matches.flatMap((match) => (match.name === name && match.args ? [match.args] : [])));
}

/** Whether any counter shows that packets have passed. */
export function hasCounted(ruleset: Ruleset | undefined): boolean {
  for (const table of ruleset?.tables.values() ?? []) {
    for (const chain of table.chains.values()) {
      if ((chain.counters?.packets ?? 0) > 0 || chain.rules.some((rule) => (rule.counters?.packets ?? 0) > 0)) return true;
    }
  }
  return false;
}
