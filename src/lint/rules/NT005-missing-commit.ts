import type { LintRule } from "../lint-rule.ts";
import { problemsOfKind } from "../problem-rules.ts";

/** A table that is never committed. */
export const rule: LintRule = {
  id: "NT005",
  name: "missing-commit",
  severity: "error",
  group: "structure",
  summary: "A table has no COMMIT.",
  why: `iptables-restore hands a table to the kernel when it reads COMMIT. Without one it ends with "COMMIT expected", and nothing of the table takes effect:
the rules of before, or none, stay in place. A file that was cut off while it was copied looks like this, too.`,
  exceptions: "None.",
  bad: `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
#^^^ NT005: Expected COMMIT at the end of the table
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
  check: (context) => problemsOfKind(context, "commit"),
};
