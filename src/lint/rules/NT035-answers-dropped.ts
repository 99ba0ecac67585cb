import { PROTOCOL } from "../../model/packet.ts";
import type { LintRule } from "../lint-rule.ts";
import { placeOf } from "../linted-rules.ts";
import { machineOf } from "../machine.ts";
import { CLIENT_PORT, gatesOf, ODD_PORT, strangers } from "../outside.ts";
import { letsSomethingIn } from "../own-rules.ts";
import { ask, deciderOf, deciderWords, isStopped, stoppedWhere } from "../probe.ts";

const SERVERS = [
  { protocol: PROTOCOL.tcp, dport: 443 },
  { protocol: PROTOCOL.udp, dport: 53 },
  { protocol: PROTOCOL.tcp, dport: ODD_PORT },
];

/** Answers to own connections dropped. */
export const rule: LintRule = {
  id: "NT035",
  name: "answers-dropped",
  severity: "warning",
  group: "exposure",
  summary: "The machine may connect to others, but their answers are dropped.",
  why: `OUTPUT lets a connection out, and INPUT drops what comes back, since no rule accepts the state ESTABLISHED. Name lookups, updates and clocks fail by timeout.`,
  exceptions: `A ruleset whose INPUT lets nothing in from elsewhere: it shuts out everything on purpose. Where OUTPUT does not let the machine connect either, and where answers of some servers are let in by their port: those of TCP 443, UDP 53 and another port all have to be stopped in the replay.`,
  bad: `*filter
:INPUT DROP [0:0]
#^^^ NT035: the answers are stopped
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) {
      const filter = rules.ruleset.tables.get("filter");
      if (!letsSomethingIn(filter, context.config.managedChains)) continue;
      const machine = machineOf(context, rules);
      const [gate] = machine ? gatesOf(machine, context.config) : [];
      const [stranger] = strangers(rules);
      if (!machine || !gate || stranger === undefined) continue;
      const answers = SERVERS.map(({ protocol, dport }) => {
        const description = { protocol, src: gate.own, dst: stranger, sport: CLIENT_PORT, dport };
        return ask(machine, { description, reply: true, facts: gate.facts });
      });
      if (!answers.every((answer) => answer && isStopped(answer.way, "INPUT"))) continue;
      const [first] = answers;
      const by = first && deciderOf(first.way, "INPUT");
      if (!first || !by || by.line === 0) continue;
      const witness = first.witness(`the answer is ${first.way.verdict} by ${deciderWords(by)}`);
      yield {
        ...placeOf(rules, by.line),
        message: `The machine may connect to others, but the answers are stopped ${stoppedWhere(by)}: nothing accepts ESTABLISHED.`,
        hint: "Accept -m conntrack --ctstate RELATED,ESTABLISHED first.",
        ...(witness && { witness }),
      };
    }
  },
};
