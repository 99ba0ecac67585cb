import type { LintRule } from "../lint-rule.ts";
import { problemsOfKind } from "../problem-rules.ts";

/** A match or target that needs a protocol which the rule does not name. */
export const rule: LintRule = {
  id: "NT004",
  name: "missing-protocol",
  severity: "error",
  group: "structure",
  summary: "A port, or another part of a protocol's header, is asked for without the protocol.",
  why: `Ports belong to a protocol: without \`-p\` nobody could say what the octets in their place are. iptables-restore does not know \`--dport\` then ("unknown option"), and
refuses \`-m multiport\` and targets with ports; \`-m tcp\` without \`-p tcp\` is refused by the kernel (xt_check_match), or by iptables-nft itself. The whole table is not loaded.`,
  exceptions: "None.",
  bad: `*filter
:INPUT DROP [0:0]
-A INPUT --dport 22 -j ACCEPT
#        ^^^^^^^ NT004: --dport is possible only behind a protocol with ports
-A INPUT -m multiport --dports 80,443 -j ACCEPT
#^^^ NT004: The match multiport is possible only with -p tcp, udp
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
  check: (context) => problemsOfKind(context, "protocol"),
};
