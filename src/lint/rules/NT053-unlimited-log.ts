import type { Chain, Rule, Table } from "../../model/rule.ts";
import { type Caller, callersOf } from "../../sets/callers.ts";
import { isFinal } from "../conditions.ts";
import { hooksOfChains } from "../jumps.ts";
import type { LintRule } from "../lint-rule.ts";
import { placeOf } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";

/** Matches that let only some packets of a flood through. */
const LIMITING: ReadonlySet<string> = new Set(["limit", "hashlimit", "recent", "quota", "statistic", "connlimit", "rateest", "nfacct"]);

function isLimiting({ matches }: Rule): boolean {
  return matches.some(({ name }) => LIMITING.has(name));
}

/** Whether a rule is limited: by itself, by one before it that takes the rest, or on all ways to its chain. `known` remembers these by chain. */
function isLimited({ rule, chain }: Caller, table: Table, known: Map<Chain, boolean>): boolean {
  if (isLimiting(rule)) return true;
  const before = chain.rules.slice(0, rule.number - 1);
  if (before.some((other) => isLimiting(other) && (isFinal(other.target) || other.target?.kind === "jump"))) return true;
  const remembered = known.get(chain);
  if (remembered !== undefined) return remembered;
  known.set(chain, false);
  const from = chain.policy ? [] : (callersOf(table).get(chain.name) ?? []);
  const result = from.length > 0 && from.every((caller) => isLimited(caller, table, known));
  known.set(chain, result);
  return result;
}

function* unlimited(table: Table, more: readonly string[]): Generator<Rule> {
  const known = new Map<Chain, boolean>();
  for (const chain of table.chains.values()) {
    if (isManaged(chain.name, more) || !hooksOfChains(table).has(chain.name)) continue;
    for (const rule of chain.rules) {
      if (rule.target?.kind === "extension" && rule.target.name === "LOG" && !isLimited({ rule, chain }, table, known)) yield rule;
    }
  }
}

/** LOG for every packet. */
export const rule: LintRule = {
  id: "NT053",
  name: "unlimited-log",
  severity: "hint",
  group: "cost",
  summary: "A rule logs every packet that it matches, however many there are.",
  why: `Each packet becomes a line in the kernel log, printed while the packet waits, and written to disk by the log daemon. Whoever can send such packets decides how many:
a port scan fills the disk, and a slow console (serial) stalls the machine. \`-m limit\` keeps the first ones, which is what one wants to read.`,
  exceptions: `Rules that are limited by limit, hashlimit, recent, quota, statistic or connlimit, in the rule, before it in the chain, or on all ways to the chain.
NFLOG, whose reader may fall behind without harm.`,
  bad: `*filter
:INPUT DROP [0:0]
:REFUSE - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j REFUSE
-A REFUSE -j LOG --log-prefix "refused: "
#         ^^^^^^ NT053: logs every packet
-A REFUSE -j DROP
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:REFUSE - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j REFUSE
-A REFUSE -m limit --limit 10/min -j LOG --log-prefix "refused: "
-A REFUSE -j DROP
COMMIT
`,
  *check({ rulesets, config }) {
    for (const rules of rulesets) {
      for (const table of rules.ruleset.tables.values()) {
        for (const { line } of unlimited(table, config.managedChains)) {
          const place = placeOf(rules, line);
          const at = /(?:-j|--jump)\s+LOG\b/.exec(rules.lines[line - 1] ?? "");
          yield {
            ...place,
            ...(at && { column: at.index + 1, endColumn: at.index + 1 + at[0].length }),
            message: "This rule logs every packet that it matches, without a limit.",
            hint: "Put -m limit --limit 10/min before -j LOG, or what suits the log.",
          };
        }
      }
    }
  },
};
