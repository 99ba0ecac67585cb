import { type Hook, TABLE_HOOKS } from "../../model/rule.ts";
import { callersOf } from "../../sets/callers.ts";
import type { LintContext } from "../context.ts";
import { type DeadLine, deadLines } from "../dead-rules.ts";
import type { Found } from "../finding.ts";
import { hooksOfChains } from "../jumps.ts";
import { lineList } from "../line-list.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { reachOf } from "../reach.ts";

/** Callers of a chain that are named. */
const MOST_CALLERS = 5;

/** Hooks at which packets have no such device: another rule (NT011) speaks of that. */
const WITHOUT_OUT: readonly Hook[] = ["PREROUTING", "INPUT"];
const WITHOUT_IN: readonly Hook[] = ["OUTPUT"];

function lacksDevice({ table, chain, rule }: DeadLine): boolean {
  const hooks = [...(hooksOfChains(table).get(chain.name) ?? [])];
  const all = (some: readonly Hook[]) => hooks.every((hook) => some.includes(hook));
  return (rule.outInterface !== undefined && all(WITHOUT_OUT)) || (rule.inInterface !== undefined && all(WITHOUT_IN));
}

function found(rules: LintedRules, dead: DeadLine): Found {
  const { table, chain, line, rule, takers } = dead;
  const place = placeOf(rules, line);
  const { over } = reachOf(rules.ruleset, table).guard(rule);
  if (over.length === 0) return { ...place, message: "This rule can never match: no packet meets all of its conditions." };
  if (takers.length > 0) {
    const lines = takers.map(({ by }) => by.rule.line);
    return {
      ...place,
      message: `This rule can never match: ${lineList(lines)} ${lines.length === 1 ? "gives" : "give"} its packets another mark before they come to it.`,
      related: lines.map((one) => relatedLine(rules, one, "changes the mark")),
    };
  }
  if (TABLE_HOOKS[table.name].some((hook) => hook === chain.name)) {
    const nat = table.name === "nat" ? ": the table nat sees only what begins a connection" : "";
    return { ...place, message: `This rule can never match: no packet that comes to ${chain.name} meets its conditions${nat}.` };
  }
  const callers = callersOf(table).get(chain.name) ?? [];
  const lines = callers.map(({ rule: by }) => by.line);
  return {
    ...place,
    message: `This rule can never match: what comes to ${chain.name} (from ${lineList(lines)}) does not meet its conditions.`,
    related: lines.slice(0, MOST_CALLERS).map((one) => relatedLine(rules, one, `leads to ${chain.name}`)),
  };
}

/** What is wrong in one way with many rules of a chain is told once. */
function* check(rules: LintedRules, context: LintContext): Generator<Found> {
  const alike = new Map<string, { readonly first: Found; readonly lines: number[] }>();
  for (const dead of deadLines(rules, context)) {
    if (!dead.takers.every(({ fate }) => fate === "changed") || lacksDevice(dead)) continue;
    const one = found(rules, dead);
    const key = `${dead.table.name} ${dead.chain.name} ${one.message}`;
    const known = alike.get(key);
    if (known) known.lines.push(dead.line);
    else alike.set(key, { first: one, lines: [] });
  }
  for (const { first, lines } of alike.values()) {
    yield lines.length === 0 ? first : { ...first, message: `${first.message} So it is with ${lines.length} more (${lineList(lines)}).` };
  }
}

/** Rules that ask for what no packet there can be. */
export const rule: LintRule = {
  id: "NT020",
  name: "never-matches",
  severity: "error",
  group: "reachability",
  summary: "A rule asks for packets that cannot come to it.",
  why: `Its conditions exclude each other, or exclude what leads to its chain: a rule for UDP in a chain to which only TCP is sent, a mark that an earlier rule has changed, an established
connection in the table nat, through which only the first packet of a connection goes. Such a rule does nothing, whatever it was meant for.`,
  exceptions:
    "Chains that programs fill, and devices that a packet does not have yet or any more (NT011). Conditions that are not about header values are taken for possible.",
  bad: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate ESTABLISHED -j ACCEPT
#^^^ NT020: no packet that comes to PREROUTING meets its conditions: the table nat sees only what begins a connection
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -j MARK --set-mark 0x1
-A PREROUTING -m mark --mark 0x2 -j ACCEPT
#^^^ NT020: line 15 gives its packets another mark before they come to it
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:WEB - [0:0]
-A INPUT -p tcp -m tcp --dport 443 -j WEB
-A INPUT -p tcp -m tcp --dport 22 -m iprange --src-range 192.0.2.1-192.0.2.9 -s 198.51.100.0/24 -j ACCEPT
#^^^ NT020: no packet meets all of its conditions
-A WEB -p udp -m udp --dport 443 -j ACCEPT
#^^^ NT020: what comes to WEB (from line 24) does not meet its conditions
-A WEB -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  good: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate NEW -j ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -j MARK --set-mark 0x1
-A PREROUTING -m mark --mark 0x2 -j ACCEPT
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:WEB - [0:0]
-A INPUT -m multiport -p tcp --dports 80,443 -j WEB
-A INPUT -p udp -j WEB
-A WEB -p udp -m udp --dport 443 -j ACCEPT
-A WEB -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) yield* check(rules, context);
  },
};
