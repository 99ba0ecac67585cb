import type { Family } from "../../model/address.ts";
import type { Chain, Rule, Table } from "../../model/rule.ts";
import { changesConditions, deed, isFinal, isSteady, meaning } from "../conditions.ts";
import { plural } from "../counts.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf, relatedLine, rulesByLine } from "../linted-rules.ts";
import { reachableRules } from "../unreachable.ts";

/** Rules that stand in a chain more than once: the first, and those that equal it. */
function repeats(table: Table, chain: Chain, family: Family, careful: boolean): Iterable<readonly [first: Rule, copies: readonly Rule[]]> {
  const first = new Map<string, Rule>();
  const copies = new Map<Rule, Rule[]>();
  for (const rule of reachableRules(table, chain)) {
    if (!isSteady(rule, family)) continue;
    const words = meaning(rule);
    const before = first.get(words);
    if (!before) first.set(words, rule);
    else if (before.line !== rule.line && (!careful || before.number === rule.number - 1)) {
      const known = copies.get(before);
      if (known) known.push(rule);
      else copies.set(before, [rule]);
    }
  }
  return copies;
}

/** What a copy of a rule does; nothing where it may be wanted. */
function effect({ target }: Rule, line: number, several: boolean): string | undefined {
  const again = `${several ? "are" : "is"} line ${line} once more`;
  if (isFinal(target)) return `can never match: line ${line} ${deed(target, "exactly these packets")}`;
  if (target?.kind === "jump") return `${again}: what comes back from ${target.chain} is sent there again`;
  if (target?.kind === "extension" && LOGGING.has(target.name)) return `${again}: the same packets are logged again`;
  return undefined;
}

const LOGGING: ReadonlySet<string> = new Set(["LOG", "NFLOG", "ULOG"]);

function found(rules: LintedRules, first: Rule, copies: readonly Rule[]): Found | undefined {
  const lines = [...rulesByLine(copies).keys()];
  const [second = 0, ...others] = lines;
  const what = effect(first, first.line, others.length > 0);
  if (what === undefined) return undefined;
  const list = others.length > SHOWN ? `${others.slice(0, SHOWN).join(", ")} …` : others.join(", ");
  const subject =
    others.length === 0
      ? "This rule"
      : `This rule and ${plural(others.length, "copy", "copies")} of it (${others.length === 1 ? "line" : "lines"} ${list})`;
  const edits = lines.map((line) => ({ line }));
  return {
    ...placeOf(rules, second),
    message: `${subject} ${what}.`,
    related: [relatedLine(rules, first.line, "the same rule")],
    ...(isFinal(first.target) && { fix: { title: "keep only the first of these rules", file: rules.file, edits } }),
  };
}

const SHOWN = 5;

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
\`--fix\` removes all but the first rule where that decides; jumps and LOG it leaves.`,
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
      for (const table of rules.ruleset.tables.values()) {
        const careful = changesConditions(table);
        for (const chain of table.chains.values()) {
          for (const [first, copies] of repeats(table, chain, rules.ruleset.family, careful)) {
            const one = found(rules, first, copies);
            if (one) yield one;
          }
        }
      }
    }
  },
};
