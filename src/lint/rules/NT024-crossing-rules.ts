import type { Box, Cube, Span } from "../../sets/box.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import { lineList } from "../line-list.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { type Deciding, overlaps, sharedPacket } from "../overlaps.ts";

/** Pairs of one ruleset that are replayed. */
const MOST_WITNESSES = 200;
/** More findings than these in one chain are told together. */
const MOST_IN_CHAIN = 3;

/** What a rule says something about, as a name: others that are about the same have the same. */
function subjectOf({ guard }: Deciding, all: Box): string | undefined {
  const said = new Set<string>();
  for (const { spans, choices, cubes } of guard.over) {
    for (const [d, span] of spans.entries()) if (!isSame(span, all.spans[d] as Span)) said.add(`span ${d}`);
    for (const [d, choice] of choices.entries()) if (choice !== all.choices[d]) said.add(`choice ${d}`);
    for (const [d, { mask }] of cubes.entries()) if (mask !== (all.cubes[d] as Cube).mask) said.add(`cube ${d}`);
  }
  return said.size === 0 ? undefined : [...said].sort().join();
}

const isSame = (a: Span, b: Span): boolean => a[0] === b[0] && a[1] === b[1];

function* crossing(context: LintContext, rules: LintedRules): Generator<Found> {
  let tried = 0;
  const chains = new Map<string, [Found, ...Found[]]>();
  for (const overlap of overlaps(rules, context, subjectOf)) {
    const { table, chain, rule, before } = overlap;
    for (const [first, relation] of before) {
      if (relation !== "across" || ++tried > MOST_WITNESSES) continue;
      const witness = sharedPacket(context, rules, overlap, first);
      if (!witness) continue;
      const found: Found = {
        ...placeOf(rules, rule.rule.line),
        message: `Some packets match both this rule and line ${first.rule.line}, which ${first.does}s what this one ${rule.does === "accept" ? "accepts" : "drops"}, and neither is an exception of the other: only their order decides.`,
        related: [relatedLine(rules, first.rule.line, `${first.does}s the packets of both`)],
        witness,
      };
      const key = `${table.name} ${chain.name}`;
      const known = chains.get(key);
      if (known) known.push(found);
      else chains.set(key, [found]);
      break;
    }
  }
  for (const [first, ...others] of chains.values()) {
    if (others.length < MOST_IN_CHAIN) yield* [first, ...others];
    else yield { ...first, message: `${first.message} So it is with ${others.length} more (${lineList(others.map(({ line }) => line))}).` };
  }
}

/** Rules that cross. */
export const rule: LintRule = {
  id: "NT024",
  name: "crossing-rules",
  severity: "hint",
  group: "reachability",
  summary: "Two rules about the same things decide otherwise about some packets, and neither is an exception of the other.",
  why: `Each of them takes more than the other in one respect, so that none can be meant as the exception: who reads one alone believes something else of the packets that both match. It hangs on the
order alone, and whoever adds a rule further up or sorts them changes it unseen (Al-Shaer and Hamed call this correlation). Often a range or a network is larger than was meant.`,
  exceptions: `Only rules that say something of the very same properties, such as source and port: that a list of bad sources crosses a list of open ports is how rulesets are made.
Not told of rules with a match that is about more than header values, of nat, of chains that programs fill, and where the replay finds no packet that shows it.`,
  bad: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 8000:8100 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 8090:8200 -j DROP
#^^^ NT024: line 5, which accepts what this one drops
-A FORWARD -s 10.0.0.0/8 -d 192.0.2.10/32 -j ACCEPT
-A FORWARD -s 10.66.0.0/16 -d 192.0.2.0/24 -j DROP
#^^^ NT024: line 8, which accepts what this one drops
-A FORWARD -s 10.0.0.0/8 -d 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 203.0.113.0/24 -j DROP
-A INPUT -p tcp -m tcp --dport 8000:8100 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 8101:8200 -j DROP
-A FORWARD -s 10.66.0.0/16 -d 192.0.2.0/24 -j DROP
-A FORWARD -s 10.0.0.0/8 -d 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) yield* crossing(context, rules);
  },
};
