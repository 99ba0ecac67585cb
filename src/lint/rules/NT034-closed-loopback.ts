import { parseAddress } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import { isInUse } from "../connections.ts";
import type { LintRule } from "../lint-rule.ts";
import { placeOf } from "../linted-rules.ts";
import { machineOf } from "../machine.ts";
import { CLIENT_PORT, ODD_PORT } from "../outside.ts";
import { ask, deciderOf, deciderWords, isStopped } from "../probe.ts";

const LOOPBACK = {
  4: { address: "127.0.0.1", inet: "inet 127.0.0.1/8" },
  6: { address: "::1", inet: "inet6 ::1/128" },
} as const;

/** Loopback dropped. */
export const rule: LintRule = {
  id: "NT034",
  name: "closed-loopback",
  severity: "warning",
  group: "exposure",
  summary: "Programs of the machine cannot talk to each other: what goes over loopback is dropped.",
  why: `Connections to 127.0.0.1 and ::1, and to any other address of the machine itself, pass OUTPUT and then INPUT, in on lo. Databases, mail filters, name resolvers (127.0.0.53) and desktop programs
live on them. Where they are dropped, things hang until they time out, and nothing in the log of the program says why.`,
  exceptions: `A ruleset whose INPUT lets nothing in from elsewhere: it shuts out everything on purpose. Rulesets that let connections over loopback through in some other way: the replay of one over 127.0.0.1 (::1), to a port that no rule is about, has to be dropped or rejected by INPUT or OUTPUT.`,
  bad: `*filter
:INPUT DROP [0:0]
#^^^ NT034: to port 48211 of 127.0.0.1, is stopped by the policy of INPUT
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
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
      const machine = machineOf(context, rules);
      const { address, inet } = LOOPBACK[rules.ruleset.family];
      const own = parseAddress(address);
      if (!machine || own === undefined || !isInUse(context, machine)) continue;
      const facts = ["1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536", `    ${inet} scope host lo`];
      const description = { protocol: PROTOCOL.tcp, src: own, dst: own, sport: CLIENT_PORT, dport: ODD_PORT };
      const answer = ask(machine, { description, facts });
      const hook = (["INPUT", "OUTPUT"] as const).find((one) => answer && isStopped(answer.way, one));
      const by = answer && hook && deciderOf(answer.way, hook);
      if (!by || by.line === 0) continue;
      const witness = answer.witness(`${answer.way.verdict} by ${deciderWords(by)}`);
      yield {
        ...placeOf(rules, by.line),
        message: `A connection over loopback, to port ${ODD_PORT} of ${address}, is stopped by ${by.kind === "policy" ? `the policy of ${hook}` : `this rule, in ${hook}`}.`,
        hint: `Let -A ${hook} ${hook === "INPUT" ? "-i" : "-o"} lo -j ACCEPT be its first rule.`,
        ...(witness && { witness }),
      };
    }
  },
};
