import { PROTOCOL, TCP_FLAG } from "../../model/packet.ts";
import type { Rule } from "../../model/rule.ts";
import type { LintContext } from "../context.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf, placeOfWords } from "../linted-rules.ts";
import { machineOf } from "../machine.ts";
import { allRules, type Gate, gatesOf, knock, ODD_PORT, strangers } from "../outside.ts";
import { type Answer, ask, deciderOf } from "../probe.ts";

/** Whether a rule says that it accepts packets that connection tracking makes nothing of. */
function acceptsInvalid({ target, matches }: Rule): boolean {
  if (target?.kind !== "verdict" || target.verdict !== "ACCEPT") return false;
  return matches.some(({ name, words }) => {
    const text = words.join(" ");
    return (name === "conntrack" || name === "state") && /--(?:ct)?state [A-Z,]*\bINVALID\b/.test(text) && !/! --(?:ct)?state/.test(text);
  });
}

function firstTaken(context: LintContext, rules: LintedRules, rule: Rule): Answer | undefined {
  const machine = machineOf(context, rules);
  const [source] = strangers(rules);
  if (!machine || source === undefined) return undefined;
  const port = Number(/--dport (\d+)/.exec(rule.text)?.[1] ?? ODD_PORT);
  const through = (gate: Gate) => {
    const question = knock(gate, source, port);
    return ask(machine, {
      ...question,
      description: { ...question.description, protocol: PROTOCOL.tcp, flags: TCP_FLAG.SYN | TCP_FLAG.FIN },
    });
  };
  for (const gate of gatesOf(machine, context.config)) {
    const answer = through(gate);
    if (answer?.way.verdict === "delivered" && deciderOf(answer.way, "INPUT")?.line === rule.line) return answer;
  }
  return undefined;
}

/** INVALID among the accepted states. */
export const rule: LintRule = {
  id: "NT036",
  name: "invalid-accepted",
  severity: "warning",
  group: "exposure",
  summary: "A rule accepts packets in the state INVALID.",
  why: `INVALID is what connection tracking can make nothing of: TCP flags that no connection has, segments outside the window, ICMP errors about connections that there are not.
Port scanners send them to come past rules that look for the state NEW, and the addresses of such packets are not translated back. They are no part of any connection that works.`,
  exceptions: `Rules that accept packets without asking for their state. The replay of a TCP packet with SYN and FIN has to be accepted by this very rule.`,
  bad: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID,RELATED,ESTABLISHED -j ACCEPT
#                               ^^^^^^^ NT036: INVALID
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) {
      for (const one of allRules(rules)) {
        const answer = acceptsInvalid(one) ? firstTaken(context, rules, one) : undefined;
        if (!answer) continue;
        const witness = answer.witness(`INVALID, and accepted by line ${one.line}`);
        yield {
          ...(rules.lines[one.line - 1]?.includes("INVALID") ? placeOfWords(rules, one.line, /INVALID/) : placeOf(rules, one.line)),
          message: "Packets in the state INVALID are accepted.",
          hint: "Leave INVALID out, and drop it before.",
          ...(witness && { witness }),
        };
      }
    }
  },
};
