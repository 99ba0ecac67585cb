import type { LintRule } from "../lint-rule.ts";
import { problemsOfKind } from "../problem-rules.ts";

/** A policy on a chain that cannot have one. */
export const rule: LintRule = {
  id: "NT006",
  name: "user-chain-policy",
  severity: "error",
  group: "structure",
  summary: "A user-defined chain is given a policy.",
  why: `Only built-in chains have a policy; a packet that comes to the end of any other chain goes on in the chain that jumped there. iptables-legacy-restore refuses
the file ("Bad built-in chain name"). iptables-nft-restore 1.8.9 takes the line and forgets the policy, without a word: packets that were meant to be dropped go on.`,
  exceptions: "None. Write the policy as the chain's last rule: `-A CHAIN -j DROP`.",
  bad: `*filter
:INPUT ACCEPT [0:0]
:SSH DROP [0:0]
#    ^^^^ NT006: Expected - for the user-defined chain SSH
-A INPUT -p tcp --dport 22 -j SSH
-A SSH -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT ACCEPT [0:0]
:SSH - [0:0]
-A INPUT -p tcp --dport 22 -j SSH
-A SSH -s 192.0.2.0/24 -j ACCEPT
-A SSH -j DROP
COMMIT
`,
  check: (context) => problemsOfKind(context, "policy"),
};
