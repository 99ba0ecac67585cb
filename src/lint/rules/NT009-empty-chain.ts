import { TABLE_HOOKS } from "../../model/rule.ts";
import { callersOf } from "../../sets/callers.ts";
import { hooksOfChains } from "../jumps.ts";
import type { LintRule } from "../lint-rule.ts";
import { placeOf, relatedLine } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";
import { isRefusedAbout } from "../refused-lines.ts";

/** A chain that rules jump to, with nothing in it. */
export const rule: LintRule = {
  id: "NT009",
  name: "empty-chain",
  severity: "hint",
  group: "structure",
  summary: "Rules lead to a chain that has no rules.",
  why: `A jump to an empty chain comes straight back, so that the rule which jumps does nothing but count. Either the rules of the chain were lost (a script that failed half way, a
dump taken at the wrong moment), or chain and jump can go. After a \`-g\` the packet goes on behind the jump of the calling chain, or to the policy.`,
  exceptions: "Chains that programs fill as they run, by their names or under `managed-chains` in the configuration.",
  bad: `*filter
:INPUT DROP [0:0]
:BLOCKED - [0:0]
#^^^ NT009: The chain BLOCKED is empty
-A INPUT -j BLOCKED
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:BLOCKED - [0:0]
-A INPUT -j BLOCKED
-A BLOCKED -s 192.0.2.66/32 -j DROP
COMMIT
`,
  *check({ rulesets, config }) {
    for (const rules of rulesets) {
      for (const table of rules.ruleset.tables.values()) {
        const hooks = hooksOfChains(table);
        const callers = callersOf(table);
        for (const chain of table.chains.values()) {
          if (chain.rules.length > 0 || chain.line === 0 || !hooks.has(chain.name)) continue;
          if (TABLE_HOOKS[table.name].some((hook) => hook === chain.name)) continue;
          if (isManaged(chain.name, config.managedChains) || isRefusedAbout(rules, chain.name)) continue;
          const from = [...new Set((callers.get(chain.name) ?? []).map((caller) => caller.rule.line))];
          const jumps = from.length === 1 ? `the rule in line ${from[0]} does` : `the ${from.length} rules that lead to it do`;
          yield {
            ...placeOf(rules, chain.line),
            message: `The chain ${chain.name} is empty: ${jumps} nothing but count.`,
            related: from.slice(0, 3).map((line) => relatedLine(rules, line, "leads to the empty chain")),
          };
        }
      }
    }
  },
};
