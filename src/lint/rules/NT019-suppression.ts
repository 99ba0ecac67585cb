import type { LintRule } from "../lint-rule.ts";

/** Remarks that take findings back, and are wrong. What is wrong with them only the run as a whole can say (suppressed.ts). */
export const rule: LintRule = {
  id: "NT019",
  name: "suppression",
  severity: "warning",
  group: "structure",
  summary: "A remark that takes findings back gives no reason, names no rule, or has nothing to take back.",
  why: `A finding that was taken back without a reason cannot be judged by the next reader, so such a remark has no effect. One that has nothing to take back any more hides the next
fault in its place.`,
  exceptions:
    "This rule itself cannot be taken back by a remark; the configuration can turn it off. A remark with nothing to take back is a hint.",
  bad: `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
# nettrace: ignore NT010
#^^^ NT019: gives no reason
-A INPUT -i lo -j ACCEPT
# nettrace: ignore NT012 the next line is for the installer
#^^^ NT019: there is no finding of NT012 here
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
# nettrace: ignore NT010 the installer looks for its own line
-A INPUT -i lo -j ACCEPT
COMMIT
`,
  check: () => [],
};
