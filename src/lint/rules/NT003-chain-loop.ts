import { hooksOfChains } from "../jumps.ts";
import type { LintRule } from "../lint-rule.ts";
import type { LintedRules } from "../linted-rules.ts";
import { foundOf } from "../problem-rules.ts";

function isReached({ ruleset }: LintedRules, line: number | undefined): boolean {
  for (const table of ruleset.tables.values()) {
    const hooks = hooksOfChains(table);
    for (const chain of table.chains.values()) if (hooks.has(chain.name) && chain.rules.some((rule) => rule.line === line)) return true;
  }
  return false;
}

/** Chains that lead back into themselves. */
export const rule: LintRule = {
  id: "NT003",
  name: "chain-loop",
  severity: "error",
  group: "structure",
  summary: "Jumps lead back into a chain that the packet is still in.",
  why: `The kernel looks for loops when a table is loaded (x_tables: mark_source_chains; nf_tables: nft_chain_validate) and refuses the table, so that none of its
rules take effect. iptables-restore says "line N failed" and names the COMMIT line (legacy), or "Too many links" (nft).`,
  exceptions: "Loops among chains that no built-in chain leads to: the kernel takes these, and NT008 reports the chains.",
  bad: `*filter
:INPUT DROP [0:0]
:A - [0:0]
:B - [0:0]
-A INPUT -j A
-A A -p tcp -j B
-A B -p tcp --dport 22 -j ACCEPT
-A B -j A
#^^^ NT003: The chain B leads back into itself
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:A - [0:0]
:B - [0:0]
-A INPUT -j A
-A A -p tcp -j B
-A B -p tcp --dport 22 -j ACCEPT
-A B -j RETURN
COMMIT
`,
  *check({ rulesets }) {
    for (const rules of rulesets) {
      for (const problem of rules.problems) {
        if (problem.kind === "loop" && isReached(rules, problem.line)) yield foundOf(rules, problem);
      }
    }
  },
};
