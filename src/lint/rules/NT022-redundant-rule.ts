import type { Rule } from "../../model/rule.ts";
import { doingOf } from "../../sets/fates.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import { lineList } from "../line-list.ts";
import type { LintRule } from "../lint-rule.ts";
import { type ChainOf, chainsOf, type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";
import { reachOf } from "../reach.ts";
import { type Anyway, Behind, decidedAnyway } from "../redundant.ts";
import { reachableRules } from "../unreachable.ts";

/** More findings than these in one chain are told together. */
const MOST_IN_CHAIN = 3;
/** Lines that are shown with a finding. */
const MOST_SHOWN = 3;

interface Redundant {
  readonly rule: Rule;
  readonly anyway: Anyway;
}

function* check(rules: LintedRules, { config }: LintContext): Generator<Found> {
  for (const place of chainsOf(rules)) {
    if (isManaged(place.chain.name, config.managedChains)) continue;
    const alike = new Map<string, [Redundant, ...Redundant[]]>();
    for (const one of redundantIn(rules, place)) {
      const key = `${doingOf(one.rule.target)} ${one.anyway.policy} ${one.anyway.policy ? "" : one.anyway.lines.join()}`;
      const known = alike.get(key);
      if (known) known.push(one);
      else alike.set(key, [one]);
    }
    const [first, ...others] = alike.values();
    if (!first) continue;
    if (alike.size <= MOST_IN_CHAIN) for (const group of [first, ...others]) yield found(rules, place, group);
    else {
      const one = found(rules, place, first);
      const lines = others.flat().map(({ rule }) => rule.line);
      yield { ...one, message: `${one.message} So it is with ${lines.length} more (${lineList(lines)}) and rules behind them.` };
    }
  }
}

function* redundantIn({ ruleset }: LintedRules, { table, chain }: ChainOf): Generator<Redundant> {
  const reach = reachOf(ruleset, table);
  const guardOf = (one: Rule) => reach.guard(one);
  const behind = new Behind(chain, guardOf);
  const times = new Map<number, number>();
  for (const { line } of chain.rules) times.set(line, (times.get(line) ?? 0) + 1);
  for (const rule of reachableRules(table, chain)) {
    // Of a line with several addresses every part would have to be without effect.
    if (times.get(rule.line) !== 1 || !reach.of(rule)?.packet) continue;
    const anyway = decidedAnyway(chain, rule, guardOf, behind);
    if (anyway) yield { rule, anyway };
  }
}

function found(rules: LintedRules, { chain }: ChainOf, group: readonly [Redundant, ...Redundant[]]): Found {
  const [{ rule, anyway }] = group;
  const others = group.slice(1).map((one) => one.rule.line);
  const verb = doingOf(rule.target) === "accept" ? "accept" : "drop";
  const subject =
    others.length === 0 ? "This rule changes nothing" : `This rule and ${others.length} more (${lineList(others)}) change nothing`;
  const packets = others.length === 0 ? "its packets" : "their packets";
  const decider = anyway.policy ? `the policy of ${chain.name}` : lineList(anyway.lines);
  return {
    ...placeOf(rules, rule.line),
    message: `${subject}: ${decider} would ${verb} ${packets} anyway.`,
    related: [
      ...anyway.lines.slice(0, MOST_SHOWN).map((line) => relatedLine(rules, line, "decides the same")),
      ...(anyway.policy && chain.line > 0 ? [relatedLine(rules, chain.line, "decides the same")] : []),
    ],
  };
}

/** Rules without which the same would become of every packet. */
export const rule: LintRule = {
  id: "NT022",
  name: "redundant-rule",
  severity: "hint",
  group: "reachability",
  summary: "Without the rule the same would become of all its packets.",
  why: `What follows it in its chain, other rules or the policy, decides the same about each of its packets. Such a rule costs time and attention, and it misleads: an ACCEPT before a policy that
accepts looks as if it let something in that would otherwise stay out.`,
  exceptions: `Rules that only count, log or mark; short cuts for most of the traffic (established connections, lo); rules without conditions; rules with a match that is not about header values or
counts; rules behind which anything else happens to one of their packets. Where it is wanted for its counters, or the policy is to change, leave it.`,
  bad: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
#^^^ NT022: This rule and 1 more (line 7) change nothing: the policy of INPUT would accept their packets anyway.
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 23 -j DROP
-A FORWARD -s 192.0.2.7/32 -p tcp -m tcp --dport 22 -j ACCEPT
#^^^ NT022: This rule changes nothing: line 13 would accept its packets anyway.
-A FORWARD -s 198.51.100.0/24 -j DROP
#^^^ NT022: the policy of FORWARD would drop its packets anyway.
-A FORWARD -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -j DROP
-A INPUT -s 192.0.2.9/32 -p udp
-A FORWARD -s 192.0.2.7/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 22 -j LOG
-A FORWARD -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) yield* check(rules, context);
  },
};
