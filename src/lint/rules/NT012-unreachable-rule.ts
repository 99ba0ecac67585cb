import type { Chain, Rule, Table } from "../../model/rule.ts";
import { deed, isFinal, targetMeaning } from "../conditions.ts";
import type { Found, Severity } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOf, relatedLine, rulesByLine } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";
import { lastRule } from "../unreachable.ts";

function reason({ line, target }: Rule): string {
  if (target?.kind === "jump") return `line ${line} sends every packet to ${target.chain}, from where none comes back`;
  return `line ${line} ${deed(target, "every packet that gets there")}`;
}

/** Where the rules behind it do the same anyway, less is wrong; what a program wrote its reader cannot change. */
function severityOf(last: Rule, dead: readonly Rule[], chain: Chain, managed: readonly string[]): Severity | undefined {
  const to = last.target && "chain" in last.target ? last.target.chain : chain.name;
  if (isManaged(chain.name, managed) || isManaged(to, managed)) return "hint";
  const same = isFinal(last.target) && dead.every((rule) => targetMeaning(rule.target) === targetMeaning(last.target));
  return same ? "warning" : undefined;
}

function found(rules: LintedRules, table: Table, chain: Chain, managed: readonly string[]): Found | undefined {
  const last = lastRule(table, chain);
  if (!last) return undefined;
  const dead = chain.rules.slice(last.number).filter((rule) => rule.line !== last.line);
  const lines = [...rulesByLine(dead).keys()];
  const [first] = lines;
  if (first === undefined) return undefined;
  const others = lines.length - 1;
  const subject =
    others === 0
      ? "This rule can never match"
      : `This rule and the ${others === 1 ? "one" : others} after it in ${chain.name} can never match`;
  const severity = severityOf(last, dead, chain, managed);
  return {
    ...placeOf(rules, first),
    message: `${subject}: ${reason(last)}.`,
    ...(severity && { severity }),
    related: [relatedLine(rules, last.line, "no packet gets past this rule")],
    fix: {
      title: others === 0 ? "remove the rule" : `remove these ${lines.length} rules`,
      file: rules.file,
      edits: lines.map((line) => ({ line })),
    },
  };
}

/** Rules behind one that takes every packet. */
export const rule: LintRule = {
  id: "NT012",
  name: "unreachable-rule",
  severity: "error",
  group: "structure",
  summary: "A rule stands behind one that decides about every packet.",
  why: `A rule without conditions whose target decides ends its chain: nothing behind it is ever looked at. Often \`iptables -A\` appended a rule behind a final DROP or REJECT. What it was meant
to let in stays out, or, behind an ACCEPT, what it was meant to keep out comes in. The same goes for rules behind a jump to a chain that ends in such a rule.`,
  exceptions: `Where the rules behind it would do what it does (a DROP behind the final DROP), the finding is a warning; in chains that programs fill, or behind a jump to one, a hint. \`--fix\` removes the rules; where they were meant to work, move them up instead.`,
  bad: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:REFUSE - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j DROP
-A INPUT -p tcp --dport 22 -j ACCEPT
#^^^ NT012: This rule and the one after it in INPUT can never match: line 6 drops every packet that gets there
-A INPUT -p tcp --dport 80 -j ACCEPT
-A FORWARD -j REFUSE
-A FORWARD -i eth0 -j ACCEPT
#^^^ NT012: line 10 sends every packet to REFUSE, from where none comes back
-A REFUSE -p tcp -j REJECT --reject-with tcp-reset
-A REFUSE -j REJECT
COMMIT
`,
  good: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:REFUSE - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -j DROP
-A FORWARD -j REFUSE
-A FORWARD -i eth0 -j ACCEPT
-A REFUSE -i eth0 -j RETURN
-A REFUSE -j REJECT
COMMIT
`,
  *check({ rulesets, config }) {
    for (const rules of rulesets) {
      for (const { table, chain } of chainsOf(rules)) {
        const one = found(rules, table, chain, config.managedChains);
        if (one) yield one;
      }
    }
  },
};
