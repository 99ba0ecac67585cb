import { TABLE_HOOKS } from "../../model/rule.ts";
import type { LintRule } from "../lint-rule.ts";
import { placeOf } from "../linted-rules.ts";
import { tableStarts } from "../table-starts.ts";

/** A built-in chain that has rules, and no line that gives it a policy. */
export const rule: LintRule = {
  id: "NT007",
  name: "missing-built-in-chain",
  severity: "warning",
  group: "structure",
  summary: "A built-in chain has rules but no line that declares it, so that the file does not say its policy.",
  why: `What the policy is after loading hangs on the machine: iptables-legacy-restore leaves the one that the chain has, iptables-nft-restore makes it ACCEPT. The same
file protects one host and leaves another open. A line like \`:INPUT DROP [0:0]\` settles it.`,
  exceptions:
    "Chains without rules, which dumps of iptables-nft leave out. Other tables than filter, whose policies are hardly ever anything but ACCEPT. Files for `iptables-restore --noflush` that only add rules.",
  bad: `*filter
#^^^ NT007: The file does not declare INPUT
:FORWARD DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
  *check({ rulesets }) {
    for (const rules of rulesets) {
      const line = tableStarts(rules).findLast(({ name }) => name === "filter")?.line;
      if (line !== undefined) {
        const chains = rules.ruleset.tables.get("filter")?.chains;
        const missing = TABLE_HOOKS.filter.filter((hook) => chains?.get(hook)?.line === 0 && chains.get(hook)?.rules.length);
        if (missing.length === 0 || rules.lines.some((text) => /^\s*(?:-P|--policy)\s/.test(text))) continue;
        const policies = missing.length === 1 ? "its policy is" : "their policies are";
        yield {
          ...placeOf(rules, line),
          message: `The file does not declare ${missing.join(", ")}: what ${policies} hangs on the machine that loads it.`,
          hint: `Add ${missing.map((hook) => `:${hook} ACCEPT [0:0]`).join(" and ")}, or DROP in the place of ACCEPT.`,
        };
      }
    }
  },
};
