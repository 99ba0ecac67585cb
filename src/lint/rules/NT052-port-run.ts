import type { Family } from "../../model/address.ts";
import type { MatchUse, Rule } from "../../model/rule.ts";
import { isFinal, isSteady, meaning } from "../conditions.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOf } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";
import { lineSpan, runsOf } from "../rule-runs.ts";

const MANY = 5;

/** The most that one multiport match takes (XT_MULTI_PORTS); a range counts twice. */
const MOST_PORTS = 15;

type Side = "sport" | "dport";

function portMatch(rule: Rule): MatchUse | undefined {
  return rule.matches.find(({ name }) => name === "tcp" || name === "udp" || name === "sctp");
}

function portOf(rule: Rule, side: Side): readonly [number, number] | undefined {
  const port = portMatch(rule)?.args?.[side];
  return port && !port.not ? (port.value as readonly [number, number]) : undefined;
}

function keyOf(rule: Rule, side: Side, family: Family): string | undefined {
  if (rule.protocol?.not !== false || !portOf(rule, side) || !isSteady(rule, family)) return undefined;
  if (!isFinal(rule.target) && rule.target?.kind !== "jump") return undefined;
  const matches = rule.matches.map((match) => (match === portMatch(rule) ? withoutPort(match, side) : match));
  return meaning({ ...rule, matches });
}

function withoutPort(match: MatchUse, side: Side): MatchUse {
  const { [side]: _, ...args } = match.args ?? {};
  return { ...match, args };
}

function isHairpin({ source, destination }: Rule): boolean {
  return source !== undefined && source.value.address === destination?.value.address;
}

function found(rules: LintedRules, run: readonly Rule[], side: Side): Found | undefined {
  const [first] = run;
  if (!first) return undefined;
  const ports = run.flatMap((rule) => portOf(rule, side) ?? []);
  // Copies are another rule's business, and Docker's rules for containers that call themselves are Docker's.
  if (new Set(run.map((rule) => String(portOf(rule, side)))).size < run.length || isHairpin(first)) return undefined;
  const list = run.map((rule) => (portOf(rule, side) ?? []).filter((port, i, all) => i === 0 || port !== all[0]).join(":"));
  const places = ports.length - run.filter((rule) => portOf(rule, side)?.[0] === portOf(rule, side)?.[1]).length;
  const count = Math.ceil(places / MOST_PORTS);
  const how =
    count === 1
      ? `One rule does the same: -m multiport --${side}s ${list.join(",")}.`
      : `${count} rules with -m multiport --${side}s do the same.`;
  return {
    ...placeOf(rules, first.line),
    message: `These ${run.length} rules (${lineSpan(run)}) differ in the ${side === "dport" ? "destination" : "source"} port only.`,
    hint: how,
  };
}

/** Many rules that differ in one port. */
export const rule: LintRule = {
  id: "NT052",
  name: "port-run",
  severity: "hint",
  group: "cost",
  summary: "Several rules in a row differ in one port only, where one rule with multiport would do.",
  why: `Each of the rules is tried for each packet, and whoever changes one has to change them all. \`-m multiport\` takes up to ${MOST_PORTS} ports, of which a range counts as two.`,
  exceptions: `Fewer than ${MANY} rules; chains that programs fill. Rules that are counted one by one.`,
  bad: `*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
#^^^ NT052: These 5 rules (lines 3 to 8) differ in the destination port only
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 8000:8080 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m multiport --dports 22,25,80,443,8000:8080 -j ACCEPT
COMMIT
`,
  *check({ rulesets, config }) {
    for (const rules of rulesets) {
      for (const { chain } of chainsOf(rules)) {
        if (isManaged(chain.name, config.managedChains)) continue;
        for (const side of ["dport", "sport"] as const) {
          for (const run of runsOf(chain, MANY, (one) => keyOf(one, side, rules.ruleset.family))) {
            const one = found(rules, run, side);
            if (one) yield one;
          }
        }
      }
    }
  },
};
