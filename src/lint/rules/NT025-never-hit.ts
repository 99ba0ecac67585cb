import type { Chain } from "../../model/rule.ts";
import { callersOf } from "../../sets/callers.ts";
import { isUnconditional } from "../conditions.ts";
import type { LintContext } from "../context.ts";
import { deadLines } from "../dead-rules.ts";
import type { Found } from "../finding.ts";
import { lineList } from "../line-list.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOf, rulesByLine } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";
import { reachableRules } from "../unreachable.ts";

/** With fewer packets than these through a chain it says nothing that one of its rules was not among them. */
const FEWEST = 1000;

/** Packets that surely came to a chain: those that its rules and its policy counted, or, where that is more, those that were sent there. */
function packetsOf(chain: Chain, callers: readonly number[]): number {
  const counted = Math.max(0, ...chain.rules.map(({ counters }) => counters?.packets ?? 0));
  return Math.max(
    counted,
    chain.policy === undefined ? 0 : (chain.counters?.packets ?? 0),
    callers.reduce((sum, one) => sum + one, 0),
  );
}

/** Whether the rules' counters began later than the chain's: those up to one that takes everything have counted less. */
function isYoungerThan({ rules }: Chain, packets: number): boolean {
  const last = rules.findIndex(isUnconditional);
  const counted = rules.slice(0, last + 1).reduce((sum, { counters }) => sum + (counters?.packets ?? 0), 0);
  return last >= 0 && counted < packets;
}

function* check(rules: LintedRules, context: LintContext): Generator<Found> {
  const counted = [...chainsOf(rules)].some(({ chain }) => chain.rules.some(({ counters }) => (counters?.packets ?? 0) > 0));
  if (!counted) return;
  const dead = new Set([...deadLines(rules, context)].map(({ line }) => line));
  for (const { table, chain } of chainsOf(rules)) {
    if (isManaged(chain.name, context.config.managedChains)) continue;
    const callers = callersOf(table).get(chain.name) ?? [];
    const packets = packetsOf(
      chain,
      callers.map(({ rule }) => rule.counters?.packets ?? 0),
    );
    if (packets < FEWEST || isYoungerThan(chain, packets)) continue;
    const lines = [...rulesByLine(reachableRules(table, chain))]
      .filter(([line, own]) => !dead.has(line) && own.every(({ counters }) => counters?.packets === 0))
      .map(([line]) => line);
    const [first] = lines;
    if (first === undefined) continue;
    const subject = lines.length === 1 ? "This rule was" : `${lines.length} rules of ${chain.name} (${lineList(lines)}) were`;
    yield {
      ...placeOf(rules, first),
      message: `${subject} never hit since the counters began, while at least ${packets.toLocaleString("en")} packets came to ${chain.name}.`,
    };
  }
}

/** Rules that no packet has met as long as they were counted. */
export const rule: LintRule = {
  id: "NT025",
  name: "never-hit",
  severity: "hint",
  group: "reachability",
  summary: "No packet has met the rule since the counters were reset, though traffic came to its chain.",
  why: `The counters in front of the rules (\`iptables-save -c\`) tell what was used. A rule that nothing meets for months is for something that is gone, or for something rare that should be known;
an attacker may be the first to use what it opens.`,
  exceptions: `Only told with counters in the file, and for chains through which at least ${FEWEST} packets came; once for each chain. A rule for a rare event (a backup, a failover, an attack) has good
reason to be at 0, and counters begin anew with each start of the machine and each reload. Nothing is told of a chain in which a rule for
all packets, and those before it, have counted fewer than came: they are younger.`,
  bad: `*filter
:INPUT DROP [120:7200]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
[51000:4000000] -A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
[0:0] -A INPUT -p tcp -m tcp --dport 21 -j ACCEPT
#^^^ NT025: 2 rules of INPUT (lines 6 and 9) were never hit since the counters began, while at least 51,000 packets came to INPUT.
[12:720] -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
[0:0] -A INPUT -p tcp -m tcp --dport 3306 -j ACCEPT
[0:0] -A FORWARD -i eth0 -j DROP
COMMIT
`,
  good: `*filter
:INPUT DROP [120:7200]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
[51000:4000000] -A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
[12:720] -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
[0:0] -A FORWARD -i eth0 -j DROP
-A OUTPUT -o eth9 -j DROP
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) yield* check(rules, context);
  },
};
