import type { Host } from "../model/host.ts";
import type { Rule } from "../model/rule.ts";

/** All rules of a host, in an order that depends on nothing but the host. */
export function rulesOf(host: Host): readonly Rule[] {
  const rules: Rule[] = [];
  for (const { ruleset4, ruleset6 } of host.namespaces.values()) {
    for (const ruleset of [ruleset4, ruleset6]) {
      for (const table of ruleset?.tables.values() ?? [])
        for (const chain of table.chains.values()) for (const rule of chain.rules) rules.push(rule);
    }
  }
  return rules;
}
