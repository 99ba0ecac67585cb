import type { Family } from "../../model/address.ts";
import type { Rule } from "../../model/rule.ts";
import { isFinal, isSteady, meaning } from "../conditions.ts";
import { plural } from "../counts.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, placeOf } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";
import { lineSpan, runsOf } from "../rule-runs.ts";

const MANY = 8;

const SIDES = ["source", "destination"] as const;

type Side = (typeof SIDES)[number];

function keyOf(rule: Rule, side: Side, family: Family): string | undefined {
  const address = rule[side];
  if (!address || address.not || !isSteady(rule, family)) return undefined;
  if (!isFinal(rule.target) && rule.target?.kind !== "jump") return undefined;
  const { [side]: _, ...rest } = rule;
  return meaning(rest);
}

/** Many rules that differ in one address. */
export const rule: LintRule = {
  id: "NT051",
  name: "address-run",
  severity: "hint",
  group: "cost",
  summary: "Many rules in a row differ in one address only, where one rule with an ipset would do.",
  why: `A packet is held against one rule after the other; a set is looked up once, however many addresses it has, and changes without a reload of the ruleset.
Entries of a set can have counters and comments of their own.`,
  exceptions: `Fewer than ${MANY} rules; chains that programs fill. Where all addresses change together with the ruleset and there are few, plain rules are easier to read.`,
  bad: `*filter
:INPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32 -j DROP
#^^^ NT051: These 8 rules (lines 3 to 11) differ in the source address only
-A INPUT -s 192.0.2.2/32 -j DROP
-A INPUT -s 192.0.2.7/32 -j DROP
-A INPUT -s 192.0.2.19/32 -j DROP
-A INPUT -s 192.0.2.66/32 -m comment --comment "after the incident" -j DROP
-A INPUT -s 198.51.100.0/24 -j DROP
-A INPUT -s 203.0.113.5/32 -j DROP
-A INPUT -s 203.0.113.77/32 -j DROP
COMMIT
`,
  good: `*filter
:INPUT ACCEPT [0:0]
-A INPUT -m set --match-set blocked src -j DROP
COMMIT
`,
  *check({ rulesets, config }) {
    for (const rules of rulesets) {
      for (const { chain } of chainsOf(rules)) {
        if (isManaged(chain.name, config.managedChains)) continue;
        const runs = SIDES.flatMap((side) =>
          [...runsOf(chain, MANY, (one) => keyOf(one, side, rules.ruleset.family))].map((run) => ({ side, run })),
        ).filter(({ run }) => new Set(run.map(({ line }) => line)).size >= MANY);
        const [first, ...more] = runs.toSorted((a, b) => (a.run[0]?.line ?? 0) - (b.run[0]?.line ?? 0));
        if (!first) continue;
        const others =
          more.length === 0
            ? ""
            : ` So do ${plural(more.length, "more run")} of rules in ${chain.name}, up to line ${more.at(-1)?.run.at(-1)?.line}.`;
        yield {
          ...placeOf(rules, first.run[0]?.line ?? 1),
          message: `These ${first.run.length} rules (${lineSpan(first.run)}) differ in the ${first.side} address only.${others}`,
          hint: `One rule with a set does the same: -m set --match-set NAME ${first.side === "source" ? "src" : "dst"}.`,
        };
      }
    }
  },
};
