import type { Family } from "../../model/address.ts";
import type { Chain, Rule, Table } from "../../model/rule.ts";
import { changesConditions, deed, isFinal, isSteady, meaning } from "../conditions.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { reachableRules } from "../unreachable.ts";

/** Rules of a chain that a rule before them equals, and that rule. */
function* repeats(table: Table, chain: Chain, family: Family): Generator<{ readonly rule: Rule; readonly first: Rule }> {
  const first = new Map<string, Rule>();
  const careful = changesConditions(table);
  for (const rule of reachableRules(table, chain)) {
    if (!isSteady(rule, family)) continue;
    const words = meaning(rule);
    const before = first.get(words);
    if (before && (!careful || before.number === rule.number - 1)) yield { rule, first: before };
    else first.set(words, rule);
  }
}

/** What the second of two equal rules does; nothing where it may be wanted. */
function effect({ target }: Rule, line: number): string | undefined {
  if (isFinal(target)) return `can never match: line ${line} ${deed(target)} exactly these packets`;
  if (target?.kind === "jump") return `is line ${line} once more: what comes back from ${target.chain} is sent there again`;
  if (target?.kind === "extension" && /^(?:N|U)?(?:F?LOG)$/.test(target.name))
    return `is line ${line} once more: the same packets are logged twice`;
  return undefined;
}

function found(rules: LintedRules, rule: Rule, first: Rule): Found | undefined {
  const what = effect(rule, first.line);
  if (what === undefined) return undefined;
  return {
    ...placeOf(rules, rule.line),
    message: `This rule ${what}.`,
    related: [relatedLine(rules, first.line, "the same rule")],
    ...(isFinal(rule.target) && { fix: { title: "remove the second rule", file: rules.file, edits: [{ line: rule.line }] } }),
  };
}

/** The same rule twice in a chain. */
export const rule: LintRule = {
  id: "NT010",
  name: "duplicate-rule",
  severity: "warning",
  group: "structure",
  summary: "The same rule stands in its chain twice.",
  why: `What the first one decides never comes to the second one. Mostly a script ran twice, or two people added the same rule; whoever later changes or deletes one of them believes
to have changed the rule. A jump or LOG that stands twice does its work twice.`,
  exceptions: `Rules with a match that counts or draws lots (limit, recent, statistic …), where a second one gives a second chance. Comments do not count.
\`--fix\` removes the second rule where the first one decides; its counters were 0.`,
  bad: `*filter
:INPUT DROP [0:0]
:BLOCKED - [0:0]
-A INPUT -j BLOCKED
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp --dport 22 -m comment --comment "for the admins" -j ACCEPT
#^^^ NT010: can never match: line 5 accepts exactly these packets
-A INPUT -j BLOCKED
#^^^ NT010: what comes back from BLOCKED is sent there again
-A BLOCKED -s 192.0.2.66/32 -j DROP
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -m limit --limit 1/sec -j ACCEPT
-A INPUT -m limit --limit 1/sec -j ACCEPT
COMMIT
`,
  *check({ rulesets }) {
    for (const rules of rulesets) {
      for (const { table, chain } of chainsOf(rules)) {
        for (const { rule, first } of repeats(table, chain, rules.ruleset.family)) {
          const one = first.line === rule.line ? undefined : found(rules, rule, first);
          if (one) yield one;
        }
      }
    }
  },
};
