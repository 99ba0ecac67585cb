import type { Address } from "../../model/address.ts";
import type { Hook, Ruleset } from "../../model/rule.ts";
import { forwardedConnections, ownConnection } from "../connections.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { placeOf } from "../linted-rules.ts";
import { type Machine, machineOf } from "../machine.ts";
import { allRules, strangers } from "../outside.ts";
import { type Answer, ask, type Decider, deciderOf, deciderWords, isStopped, type Question, stoppedWhere } from "../probe.ts";

const MESSAGES = {
  4: { name: "fragmentation needed (ICMP type 3, code 4)", words: "-p icmp -m icmp --icmp-type fragmentation-needed" },
  6: { name: "packet too big (ICMPv6 type 2)", words: "-p ipv6-icmp -m icmp6 --icmpv6-type packet-too-big" },
} as const;

interface Stopped {
  readonly answer: Answer;
  readonly by: Decider;
}

/** What stops a router's message about a packet of a connection that is let through. */
function stopped(machine: Machine, question: Question, hook: Hook, tooBig: Address): Stopped | undefined {
  const answer = ask(machine, { ...question, tooBig });
  const by = answer && isStopped(answer.way, hook) ? deciderOf(answer.way, hook) : undefined;
  return answer && by && by.line !== 0 ? { answer, by } : undefined;
}

/** Whether the host goes without such messages for its own connections (tcp_mtu_to_mss and icmp_unreach ask these). */
function isProbing({ namespace }: Machine, { family }: Ruleset): boolean {
  const value = (key: string) => Number(namespace?.sysctls?.get(key) ?? 0);
  return value("net.ipv4.tcp_mtu_probing") > 0 || (family === 4 && value("net.ipv4.ip_no_pmtu_disc") > 0);
}

function* stoppedOn(context: LintContext, machine: Machine, router: Address): Generator<readonly [Hook, Stopped]> {
  const own = isProbing(machine, machine.rules.ruleset) ? undefined : ownConnection(context, machine);
  const found = own && stopped(machine, own, "INPUT", router);
  if (found) yield ["INPUT", found];
  for (const { question, goesOut } of forwardedConnections(context, machine, router)) {
    const one = stopped(machine, { ...question, reply: goesOut === "answer" }, "FORWARD", router);
    if (!one) continue;
    yield ["FORWARD", one];
    return;
  }
}

function* check(context: LintContext): Generator<Found> {
  for (const rules of context.rulesets) {
    const [, router] = strangers(rules);
    const machine = router === undefined ? undefined : machineOf(context, rules);
    if (!machine || router === undefined || allRules(rules).some(({ target }) => target?.kind === "extension" && target.name === "TCPMSS"))
      continue;
    const { name, words } = MESSAGES[rules.ruleset.family];
    for (const [hook, { answer, by }] of stoppedOn(context, machine, router)) {
      const witness = answer.witness(`${answer.way.verdict} by ${deciderWords(by)}`);
      const isRelated = answer.way.steps.some((step) => step.kind === "conntrack" && step.state === "RELATED");
      const whose = hook === "INPUT" ? "of the machine's own connections" : "of connections that FORWARD lets through";
      yield {
        ...placeOf(rules, by.line),
        message: `Messages that packets ${whose} are too big for a link further on, ${name}, are stopped ${stoppedWhere(by)}: what goes over such a link hangs.`,
        hint: `Accept ${isRelated ? "-m conntrack --ctstate RELATED,ESTABLISHED, or " : ""}${words}.`,
        ...(witness && { witness }),
      };
    }
  }
}

/** Messages about the path MTU dropped. */
export const rule: LintRule = {
  id: "NT040",
  name: "path-mtu-dropped",
  severity: "warning",
  group: "exposure",
  summary: "Connections are let through, but not the ICMP messages that their packets are too big.",
  why: `A router whose next link takes only smaller packets says so by ICMP: fragmentation needed (type 3, code 4), or ICMPv6 packet too big (type 2). Linux sends everything with "don't fragment", and
with IPv6 no router fragments. Where the message is dropped, a connection comes about, small packets pass, and it hangs at the first large one, mostly behind tunnels, PPPoE and VPNs. Connection tracking knows
such a message as RELATED: rules for ESTABLISHED alone do not take it, and of connections that are not tracked (NOTRACK) it is INVALID.`,
  exceptions: `Where no connection comes about in the replay either (NT035). A router's message about a packet of a TCP connection that passes both ways has to be stopped in the filter table.
Of FORWARD only for connections with any host on one side, where the message comes from. Not told of rulesets with TCPMSS, nor of the machine's own connections where a snapshot has net.ipv4.tcp_mtu_probing or ip_no_pmtu_disc set.`,
  bad: `*filter
:INPUT DROP [0:0]
#^^^ NT040: packets of the machine's own connections are too big
:FORWARD DROP [0:0]
#^^^ NT040: packets of connections that FORWARD lets through are too big
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -s 192.168.0.0/24 -i lan0 -o eth0 -p tcp -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
-A FORWARD -s 192.168.0.0/24 -i lan0 -o eth0 -p tcp -j ACCEPT
COMMIT
`,
  check,
};
