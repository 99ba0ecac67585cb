import type { LintRule } from "../lint-rule.ts";
import { problemsOfKind } from "../problem-rules.ts";

/** Whatever else iptables-restore or the kernel refuses. */
export const rule: LintRule = {
  id: "NT001",
  name: "refused-line",
  severity: "error",
  group: "structure",
  summary: "iptables-restore or the kernel refuses this line.",
  why: `iptables-restore loads a table as a whole or not at all: one line that it refuses, and the table stays as it was before. After a reboot that is an empty
table, with every policy ACCEPT. Tables that stand before it in the file are loaded all the same. The other rules of nettrace look at what could be read of the rest.`,
  exceptions: "None. A template has to be rendered before it is checked: `render rules.tmpl | nettrace lint -`.",
  bad: `*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 80,443 -j ACCEPT
#                              ^^^^^^ NT001: Expected a port, a range (a:b) or a service name
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
  check: (context) => problemsOfKind(context, undefined),
};
