import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import { lineList } from "../line-list.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { overlaps, sharedPacket } from "../overlaps.ts";

/** A witness is a replay of its own: for more findings than these in one ruleset there is none. */
const MOST_WITNESSES = 50;
/** Lines that are shown with a finding. */
const MOST_SHOWN = 3;

function* exceptions(context: LintContext, rules: LintedRules): Generator<Found> {
  let witnesses = 0;
  for (const overlap of overlaps(rules, context, () => "any")) {
    const { rule, before } = overlap;
    const within = before.flatMap(([other, relation]) => (relation === "within" ? [other] : []));
    const lines = [...new Set(within.map((other) => other.rule.line))];
    const [first] = within;
    if (!first) continue;
    const witness = witnesses++ < MOST_WITNESSES ? sharedPacket(context, rules, overlap, first) : undefined;
    const are = lines.length === 1 ? "is an exception" : "are exceptions";
    yield {
      ...placeOf(rules, rule.rule.line),
      message: `${capital(lineList(lines))} ${are} of this rule: what ${rule.does === "accept" ? "it accepts" : "it drops"} is ${rule.does === "accept" ? "dropped" : "accepted"} there.`,
      related: lines.slice(0, MOST_SHOWN).map((line) => relatedLine(rules, line, `${first.does}s some of its packets`)),
      ...(witness && { witness }),
    };
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Rules that earlier ones are exceptions of. */
export const rule: LintRule = {
  id: "NT023",
  name: "exception",
  severity: "hint",
  isOff: true,
  group: "reachability",
  summary: "Earlier rules decide otherwise about a part of what a rule matches.",
  why: `The general rule stands behind its exceptions, as it has to: the other way round they would never match (NT021). The list shows what a rule does not decide although it looks like it, which
helps in a review, and before rules are put into another order (Al-Shaer and Hamed call this generalization).`,
  exceptions: `Off until the configuration gives it a severity (\`NT023: hint\`), since nothing is wrong with it by itself. Rules without conditions, such as a last DROP, are not told, nor rules
with a match that is about more than header values, those of nat, and those of chains that programs fill.`,
  bad: {
    ".nettrace.yaml": `lint:
  rules:
    NT023: hint
`,
    "iptables-save.txt": `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.7/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 198.51.100.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j DROP
#^^^ NT023: Lines 5 and 6 are exceptions of this rule: what it drops is accepted there.
-A FORWARD -s 10.1.2.3/32 -j DROP
-A FORWARD -s 10.1.0.0/16 -i lan0 -j ACCEPT
-A FORWARD -s 10.0.0.0/8 -j ACCEPT
#^^^ NT023: Line 9 is an exception of this rule: what it accepts is dropped there.
COMMIT
`,
  },
  good: {
    ".nettrace.yaml": `lint:
  rules:
    NT023: hint
`,
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.7/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 198.51.100.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p udp -j DROP
-A INPUT -s 203.0.113.0/24 -p tcp -m tcp --dport 80:90 -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
  },
  *check(context) {
    for (const rules of context.rulesets) yield* exceptions(context, rules);
  },
};
