import type { LintContext } from "../context.ts";
import { type DeadLine, deadLines } from "../dead-rules.ts";
import { outcomeOf, standingOf } from "../deeds.ts";
import type { Found } from "../finding.ts";
import { lineList } from "../line-list.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { universeOf } from "../reach.ts";
import { witnessOf } from "../witness.ts";

/** A witness is a replay of its own: for more findings than these in one ruleset there is none. */
const MOST_WITNESSES = 50;

/** More findings than these in one chain have one cause, or one reader: they are told together. */
const MOST_IN_CHAIN = 3;

type Lines = readonly [DeadLine, ...DeadLine[]];

/** Dead lines of a chain that the same rules take everything from, or many lines that others take everything from. */
function* groups(rules: LintedRules, context: LintContext): Generator<Lines> {
  const chains = new Map<string, Map<string, [DeadLine, ...DeadLine[]]>>();
  for (const dead of deadLines(rules, context)) {
    const takers = dead.takers.filter(({ fate }) => fate !== "changed");
    if (takers.length === 0) continue;
    const one = { ...dead, takers };
    const chain = [dead.table.name, dead.chain.name, standing(one)].join("\n");
    const key = takers.map(({ by }) => `${by.chain} ${by.rule.number}`).join("\n");
    const own = chains.get(chain) ?? new Map<string, [DeadLine, ...DeadLine[]]>();
    const group = own.get(key);
    if (group) group.push(one);
    else own.set(key, [one]);
    chains.set(chain, own);
  }
  for (const own of chains.values()) {
    const lines = [...own.values()].flat().sort((a, b) => a.line - b.line);
    const [first, ...others] = lines;
    if (own.size > MOST_IN_CHAIN && first) yield [first, ...others];
    else yield* own.values();
  }
}

function standing({ rule, takers }: DeadLine): "agree" | "conflict" | "neither" {
  const all = takers.map(({ by, fate }) => standingOf(rule, by, fate));
  return all.includes("conflict") ? "conflict" : all.includes("neither") ? "neither" : "agree";
}

function found(context: LintContext, rules: LintedRules, group: Lines, isWitnessed: boolean): Found {
  const [dead] = group;
  const { line, rule, takers } = dead;
  const lines = [...new Set(takers.map(({ by }) => by.rule.line))];
  const how = standing(dead);
  const others = group.length - 1;
  const isOneCause = group.every(
    (one) => one.takers.length === takers.length && one.takers.every(({ by }, i) => by.rule === takers[i]?.by.rule),
  );
  const more = others === 0 ? "" : `${others} more (${lineList(group.slice(1).map((one) => one.line))})`;
  const subject = others === 0 ? "This rule" : isOneCause ? `This rule and ${more}` : "This rule";
  const likewise = isOneCause ? "" : ` So it is with ${more} and the rules before them.`;
  const words = { agree: ", and the verdicts agree", conflict: ", and the verdicts conflict", neither: "" }[how];
  const who = lines.length === 1 ? `${lineList(lines)} takes` : `${lineList(lines)} together take`;
  const first = takers.find(({ by, fate }) => standingOf(rule, by, fate) === "conflict") ?? takers[0];
  const witness =
    first && isWitnessed
      ? witnessOf(context, rules, universeOf(rules.ruleset), {
          box: first.packet,
          hook: first.hook,
          by: first.by.rule,
          outcome: outcomeOf(first.by, first.fate),
        })
      : undefined;
  return {
    ...placeOf(rules, line),
    message: `${subject} can never match: ${who} everything that ${others > 0 && isOneCause ? "they" : "it"} would${words}.${likewise}`,
    ...(how !== "conflict" && { severity: "warning" as const }),
    related: lines.map((one) => relatedLine(rules, one, "takes packets before they come to the rule")),
    ...(witness && { witness }),
  };
}

/** Rules from which earlier ones take every packet. */
export const rule: LintRule = {
  id: "NT021",
  name: "shadowed-rule",
  severity: "error",
  group: "reachability",
  summary: "Rules before a rule, one or several together, take every packet that it would match.",
  why: `The first rule that a packet matches decides, so a rule whose packets are all taken before them does nothing. Where it wants something else than those rules do, somebody believes that the
host does what it does not: an ACCEPT behind a broader DROP lets nobody in, a DROP behind a broader ACCEPT keeps nobody out. Found with sets of packets: jumps, RETURN, goto and marks are
followed, from all hooks that lead to the rule; what a match says of anything but header values is only taken for the same where it is written in the same words.`,
  exceptions: `A warning where the verdicts agree, and where the rule decides nothing itself (a jump, a LOG). Not told: rules behind one that takes everything (NT012), rules that stand there twice
(NT010), and chains that programs fill. A match that counts or draws lots takes nothing for sure.`,
  bad: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:WEB - [0:0]
-A INPUT -s 10.0.0.0/8 -p tcp -j DROP
-A INPUT -s 10.20.0.0/16 -p tcp -m tcp --dport 22 -j ACCEPT
#^^^ NT021: This rule can never match: line 6 takes everything that it would, and the verdicts conflict.
-A INPUT -p udp -m udp --dport 0:1023 -j ACCEPT
-A INPUT -p udp -m udp --dport 1024:65535 -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
#^^^ NT021: lines 9 and 10 together take everything that it would, and the verdicts agree.
-A FORWARD -p tcp -m multiport --dports 80,443 -j WEB
-A FORWARD -s 192.0.2.0/24 -p tcp -m tcp --dport 443 -j DROP
#^^^ NT021: line 17 takes everything that it would, and the verdicts conflict.
-A FORWARD -i eth0 -p icmp -j ACCEPT
-A WEB -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:WEB - [0:0]
-A INPUT -s 10.20.0.0/16 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -j DROP
-A INPUT -p udp -m udp --dport 0:1023 -j ACCEPT
-A INPUT -p udp -m udp --dport 1024:65534 -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
-A FORWARD -p tcp -m multiport --dports 80,443 -j WEB
-A FORWARD -s 192.0.2.0/24 -p tcp -m tcp --dport 443 -j DROP
-A FORWARD -p icmp -m limit --limit 5/sec -j ACCEPT
-A FORWARD -s 198.51.100.0/24 -p icmp -j ACCEPT
-A WEB -s 192.0.2.0/24 -p tcp -m tcp --dport 443 -j RETURN
-A WEB -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) {
      let count = 0;
      for (const group of groups(rules, context)) yield found(context, rules, group, count++ < MOST_WITNESSES);
    }
  },
};
