import type { LintRule } from "../lint-rule.ts";
import { problemsOfKind } from "../problem-rules.ts";

/** A jump to a chain, or a rule for one, that is not there. */
export const rule: LintRule = {
  id: "NT002",
  name: "missing-chain",
  severity: "error",
  group: "structure",
  summary: "A rule jumps to a chain or target that does not exist, or belongs to such a chain.",
  why: `iptables-restore refuses the line and with it the whole table: "Couldn't load target" (legacy), "Chain 'NAME' does not exist" (nft). The name is looked for
among the chains of the same table that the file declared before the line, then among the targets that iptables has. Another table's chains do not count.`,
  exceptions:
    "A file for `iptables-restore --noflush` may name chains that the running system has. Take the finding back there with a reason.",
  bad: `*filter
:INPUT DROP [0:0]
:SERVICES - [0:0]
-A INPUT -j SERVICE
#           ^^^^^^^ NT002: No chain or target named "SERVICE"
-A SERVICES -p tcp --dport 22 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:SERVICES - [0:0]
-A INPUT -j SERVICES
-A SERVICES -p tcp --dport 22 -j ACCEPT
COMMIT
`,
  check: (context) => problemsOfKind(context, "chain"),
};
