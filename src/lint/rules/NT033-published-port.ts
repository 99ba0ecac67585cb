import { type Address, formatAddress, inMask, parseAddress } from "../../model/address.ts";
import type { Rule, Ruleset } from "../../model/rule.ts";
import { overrideHost } from "../../parse/host.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { type Machine, machineOf, rulesetOf } from "../machine.ts";
import { closedPort } from "../open-ports.ts";
import { allRules, type Gate, gatesOf, gateWords, knock, strangers } from "../outside.ts";
import { type Answer, ask } from "../probe.ts";

/** Chains in which programs publish ports of containers. */
const PUBLISHING = /^(?:DOCKER|CNI-DN-\S+|CNI-HOSTPORT-DNAT|NETAVARK-\S+)$/;

/** A published TCP port. */
interface Published {
  readonly rule: Rule;
  readonly port: number;
  readonly container: Address;
}

function published({ text, target }: Rule): Omit<Published, "rule"> | undefined {
  if (target?.kind !== "extension" || target.name !== "DNAT" || !/(?:^| )-p tcp /.test(text)) return undefined;
  const port = Number(/(?<!!) --dport (\d+)(?= |$)/.exec(text)?.[1] ?? Number.NaN);
  const container = parseAddress(/--to-destination \[?([\d.]+|[\da-f:]+(?=\]))/.exec(text)?.[1] ?? "");
  return Number.isNaN(port) || container === undefined ? undefined : { port, container };
}

/** Ways to a container: the devices that the filter's rules send its packets to. */
function ways(rules: LintedRules, { container }: Published): readonly string[] {
  const fits = ({ destination, outInterface }: Rule) =>
    outInterface && !outInterface.not && (!destination || inMask(container, destination.value.address, destination.value.mask));
  const named = allRules(rules).flatMap((rule) => (fits(rule) && rule.outInterface ? rule.outInterface.value : []));
  return [...new Set(named)].filter((name) => !name.endsWith("+")).slice(0, 4);
}

function arrival(machine: Machine, gate: Gate, source: Address, one: Published): Answer | undefined {
  const bits = machine.rules.ruleset.family === 4 ? 32 : 128;
  const candidates = machine.namespace
    ? [[]]
    : ways(machine.rules, one).map((device) => [`${formatAddress(one.container)}/${bits} dev ${device}`]);
  for (const facts of candidates) {
    const answer = ask(machine, knock({ ...gate, facts: [...gate.facts, ...facts] }, source, one.port));
    const taken = answer?.way.steps.some((step) => step.kind === "rule" && step.table === "nat" && step.rule.line === one.rule.line);
    if (answer && taken && (answer.way.verdict === "forwarded" || answer.way.verdict === "delivered")) return answer;
  }
  return undefined;
}

/** The same context with a ruleset that translates nothing. */
function withoutNat(context: LintContext, rules: LintedRules): readonly [LintContext, LintedRules] {
  const tables = new Map(rules.ruleset.tables);
  tables.delete("nat");
  const ruleset: Ruleset = { ...rules.ruleset, tables };
  const plain: LintedRules = { ...rules, ruleset };
  const namespace = context.host?.namespaces.get(rules.netns ?? "");
  if (!context.host || !namespace) return [context, plain];
  return [{ ...context, host: overrideHost(context.host, { addressesKnown: false, ...rulesetOf(plain) }, namespace.name) }, plain];
}

function* bypasses(context: LintContext, rules: LintedRules): Generator<Found> {
  const machine = machineOf(context, rules);
  const candidates = [...chainsOf(rules)].flatMap(({ table, chain }) =>
    table.name === "nat" && PUBLISHING.test(chain.name) ? chain.rules.flatMap((rule) => ({ rule, ...published(rule) })) : [],
  );
  const [gate] = machine && candidates.length > 0 ? gatesOf(machine, context.config) : [];
  const [source] = strangers(rules);
  if (!machine || !gate || source === undefined) return;
  const [plainContext, plainRules] = withoutNat(context, rules);
  const plain = machineOf(plainContext, plainRules);
  for (const { rule, port, container } of candidates) {
    if (port === undefined || container === undefined || !plain) continue;
    const closed = closedPort(plainContext, plain, port);
    const answer = closed && arrival(machine, gate, source, { rule, port, container });
    if (!closed || !answer) continue;
    const mentioned = allRules(rules).some(
      ({ text, target }) =>
        target?.kind === "verdict" && new RegExp(`dports? (?:\\S+,)?${port}(?:,|\\s|$)`).test(text) && /-A (?:INPUT|ufw)/.test(text),
    );
    const witness = answer.witness(`forwarded to ${formatAddress(container)}; INPUT is not asked`);
    yield {
      ...placeOf(rules, rule.line),
      message: `Strangers come to the published TCP port ${port} ${gateWords(machine, context.config, [gate]).replace("any device", gate.device)}: it is forwarded to ${formatAddress(container)}, and INPUT, which lets nobody else in there, is not asked.`,
      // Where INPUT does not speak of the port, nobody may have expected it to.
      ...(!mentioned && { severity: "hint" as const }),
      hint: "Publish it on 127.0.0.1 only, or restrict it in DOCKER-USER (FORWARD).",
      related: [relatedLine(rules, closed.by.line, "would stop them, were the port not published")],
      ...(witness && { witness }),
    };
  }
}

/** Published ports of containers go past INPUT. */
export const rule: LintRule = {
  id: "NT033",
  name: "published-port",
  severity: "warning",
  group: "exposure",
  summary: "A published port of a container is open to strangers, though INPUT would stop them.",
  why: `Docker and its kin translate the packet in nat PREROUTING, before routing: it is then for the container, passes FORWARD, and never INPUT. Rules of INPUT, and ufw, which writes them,
say nothing about published ports, whatever they seem to say.`,
  exceptions: `A hint where no rule of INPUT names the port. Ports that are published on 127.0.0.1, and those that FORWARD (DOCKER-USER) stops. The replay has to be forwarded to the container, and one without the table nat stopped by INPUT.`,
  bad: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp --dport 8080 -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
#^^^ NT033: published TCP port 8080
-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER ! -s 10.0.0.0/8 -o docker0 -m conntrack --ctstate NEW -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) yield* bypasses(context, rules);
  },
};
