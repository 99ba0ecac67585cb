import { isFinal } from "../conditions.ts";
import type { LintRule } from "../lint-rule.ts";
import { placeOf, relatedLine } from "../linted-rules.ts";
import { machineOf } from "../machine.ts";
import { isOfProgram } from "../managed-chains.ts";
import { openPort } from "../open-ports.ts";
import { gateWords, ODD_PORT } from "../outside.ts";
import { isWelcome, ownRules } from "../own-rules.ts";

/** ACCEPT rules before a policy ACCEPT. */
export const rule: LintRule = {
  id: "NT030",
  name: "open-policy",
  severity: "warning",
  group: "exposure",
  summary: "A chain lists what it accepts, and then accepts the rest as well.",
  why: `The last rule of INPUT accepts certain connections, which only means something when the others are refused. But no rule after it drops anything, and the chain's policy is ACCEPT:
each port that a program opens can be reached. Often \`iptables -P INPUT DROP\` or a last \`-j DROP\` was forgotten, or got lost when the rules were saved before the policy was set.`,
  exceptions: `Chains whose last own rule drops or rejects (they list what is not wanted, and the policy ACCEPT is meant), chains without rules, and what programs such as Docker, fail2ban or libvirt wrote.
Only where the replay of a TCP connection from an address that no rule names, to a port that no rule is about, ends at the policy.`,
  bad: `*filter
:INPUT ACCEPT [0:0]
#^^^ NT030: accepts what none of its rules takes
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp --dport 443 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp --dport 443 -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) {
      const table = rules.ruleset.tables.get("filter");
      const chain = table?.chains.get("INPUT");
      if (!table || chain?.policy !== "ACCEPT" || chain.line === 0) continue;
      const own = [...ownRules(table, chain, context.config.managedChains)].filter((rule) => !isOfProgram(rule));
      const last = own.findLast(({ target }) => isFinal(target));
      if (!last || !isWelcome(last)) continue;
      const machine = machineOf(context, rules);
      const open = machine && openPort(context, machine, ODD_PORT);
      if (!machine || open?.by.kind !== "policy" || open.by.chain !== chain.name) continue;
      const witness = open.answers[0]?.witness("delivered: accepted by the policy of INPUT");
      yield {
        ...placeOf(rules, chain.line),
        message: `INPUT accepts what none of its rules takes: its policy is ACCEPT. A stranger comes to any port, ${gateWords(machine, context.config, open.gates)}.`,
        hint: "Set the policy to DROP (:INPUT DROP), once loopback and ESTABLISHED are accepted.",
        related: [relatedLine(rules, last.line, "accepts what would be accepted without it")],
        ...(witness && { witness }),
      };
    }
  },
};
