import type { Family } from "../../model/address.ts";
import type { Rule } from "../../model/rule.ts";
import { isSteadyMatch } from "../conditions.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, placeOfWords } from "../linted-rules.ts";

/** Matches that only look into headers or at the connection; of what `-p` loads by itself a rule may have nothing to say. */
const CHEAP: ReadonlySet<string> = new Set(
  "addrtype conntrack dscp icmp icmp6 iprange length mac mark multiport owner physdev pkttype sctp set state tcp tos ttl udp".split(" "),
);

/** The cheap match that stands behind a search of the payload, and would give the same before it. */
function lateMatch(rule: Rule, family: Family): string | undefined {
  const at = rule.matches.findIndex(({ name }) => name === "string");
  if (at < 0) return undefined;
  for (const match of rule.matches.slice(at + 1)) {
    if (CHEAP.has(match.name)) {
      if (Object.keys(match.args ?? {}).length > 0) return match.name;
    } else if (match.name !== "string" && !isSteadyMatch(match, family)) return undefined;
  }
  return undefined;
}

/** A search of the payload before the matches that could have spared it. */
export const rule: LintRule = {
  id: "NT054",
  name: "early-string",
  severity: "hint",
  group: "cost",
  summary: "A rule searches the payload before it asks for ports or the state, which would spare most searches.",
  why: `The matches of a rule are tried in the order in which they are written, up to the first that fails (ip_tables.c, ipt_do_table). \`-m string\` reads the whole packet; a port or the connection's state is
one comparison. Written the other way round, the rule matches the same packets.`,
  exceptions: "Matches that count (limit, recent, connbytes …): before the search they would count other packets.",
  bad: `*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -p tcp -m string --string "cmd.exe" --algo bm -m tcp --dport 80 -j DROP
#                 ^^^^^^^^^ NT054: searches the payload of packets before -m tcp is asked
COMMIT
`,
  good: `*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --dport 80 -m string --string "cmd.exe" --algo bm -j DROP
COMMIT
`,
  *check({ rulesets }) {
    for (const rules of rulesets) {
      for (const { chain } of chainsOf(rules)) {
        for (const one of chain.rules) {
          const late = lateMatch(one, rules.ruleset.family);
          if (late === undefined) continue;
          yield {
            ...placeOfWords(rules, one.line, /-m string/),
            message: `This rule searches the payload of packets before -m ${late} is asked.`,
            hint: `Put -m ${late} with its options before -m string.`,
          };
        }
      }
    }
  },
};
