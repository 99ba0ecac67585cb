import type { Chain, Hook, Rule, Table } from "../../model/rule.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf } from "../linted-rules.ts";

const HOOKS: readonly Hook[] = ["INPUT", "FORWARD", "OUTPUT"];

/** With fewer rules before it, nobody would notice. */
const MANY = 10;

/** Whether a rule takes what belongs to connections that are there already, and asks for nothing else but devices. */
function acceptsEstablished(rule: Rule): boolean {
  if (rule.target?.kind !== "verdict" || rule.target.verdict !== "ACCEPT") return false;
  if (rule.protocol || rule.source || rule.destination || rule.fragment) return false;
  const matches = rule.matches.filter(({ name }) => name !== "comment");
  const [only] = matches;
  if (!only || matches.length > 1 || !["conntrack", "state"].includes(only.name)) return false;
  const given = Object.entries(only.args ?? {});
  const states = given.find(([key]) => key === "state" || key === "ctstate")?.[1] ?? given[0]?.[1];
  return given.length === 1 && states?.not === false && Array.isArray(states.value) && states.value.includes("ESTABLISHED");
}

function found(rules: LintedRules, table: Table, chain: Chain): Found | undefined {
  const rule = chain.rules.find(acceptsEstablished);
  if (table.name !== "filter" || !rule || rule.number <= MANY) return undefined;
  const taken = rule.counters && rule.counters.packets > 0 ? ` (${rule.counters.packets.toLocaleString("en")} packets so far)` : "";
  return {
    ...placeOf(rules, rule.line),
    message: `${chain.name} holds packets of established connections against up to ${rule.number - 1} rules before this one accepts them${taken}.`,
    hint: "Move it to the top of the chain. What a rule before it drops of such connections would then go on, so blocklists stay in front or move to the table raw.",
  };
}

/** Established connections that are accepted only behind many rules. */
export const rule: LintRule = {
  id: "NT050",
  name: "late-established",
  severity: "hint",
  group: "cost",
  summary: "Packets of established connections are accepted only behind many rules.",
  why: `Nearly all packets belong to connections that are there already, and every rule before the one that accepts them is tried for each of these packets. At the top of the chain it takes
them at once, and the rules behind it see the first packets only.`,
  exceptions: `Up to ${MANY} rules before it. Rules before it that have to see every packet, such as blocklists and accounting.`,
  bad: `*filter
:INPUT DROP [0:0]
-A INPUT -s 192.0.2.1/32 -p tcp --dport 22 -j ACCEPT
-A INPUT -s 192.0.2.2/32 -p tcp --dport 25 -j ACCEPT
-A INPUT -s 192.0.2.3/32 -p tcp --dport 80 -j ACCEPT
-A INPUT -s 192.0.2.4/32 -p tcp --dport 443 -j ACCEPT
-A INPUT -s 192.0.2.5/32 -p udp --dport 53 -j ACCEPT
-A INPUT -s 192.0.2.6/32 -p udp --dport 123 -j ACCEPT
-A INPUT -s 192.0.2.7/32 -p udp --dport 161 -j ACCEPT
-A INPUT -s 192.0.2.8/32 -p tcp --dport 389 -j ACCEPT
-A INPUT -s 192.0.2.9/32 -p tcp --dport 636 -j ACCEPT
-A INPUT -s 192.0.2.10/32 -p tcp --dport 993 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
#^^^ NT050: INPUT holds packets of established connections against up to 10 rules
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.1/32 -p tcp --dport 22 -j ACCEPT
-A INPUT -s 192.0.2.2/32 -p tcp --dport 25 -j ACCEPT
COMMIT
`,
  *check({ rulesets }) {
    for (const rules of rulesets) {
      for (const table of rules.ruleset.tables.values()) {
        for (const hook of HOOKS) {
          const chain = table.chains.get(hook);
          const one = chain && found(rules, table, chain);
          if (one) yield one;
        }
      }
    }
  },
};
