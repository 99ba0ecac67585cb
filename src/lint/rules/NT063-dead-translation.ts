import { type Address, familyOf, formatAddress, maskLength, parseAddress } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import type { Rule } from "../../model/rule.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOf, relatedLine } from "../linted-rules.ts";
import { type Machine, machineOf } from "../machine.ts";
import { allRules, CLIENT_PORT, fits, strangers } from "../outside.ts";
import { type Answer, ask, deciderOf, deciderWords, isStopped } from "../probe.ts";

const MOST_SOURCES = 40;
const LOST: ReadonlySet<string> = new Set(["no-route", "unreachable", "prohibit", "blackhole"]);

/** A translation of one TCP or UDP port to another address. */
interface Translation {
  readonly rule: Rule;
  readonly protocol: number;
  readonly port: number;
  readonly to: Address;
}

function translationOf(rule: Rule): Translation | undefined {
  const { target, text, protocol, destination } = rule;
  if (target?.kind !== "extension" || target.name !== "DNAT" || !protocol || protocol.not || destination?.not) return undefined;
  if (protocol.value !== PROTOCOL.tcp && protocol.value !== PROTOCOL.udp) return undefined;
  const port = Number(/(?<!!) --dport (\d+)(?= |$)/.exec(text)?.[1] ?? Number.NaN);
  const to = parseAddress(/--to-destination \[?([\d.]+(?![\d.]*-)|[\da-f:]+(?=\]|\s|$))/.exec(text)?.[1] ?? "");
  return Number.isNaN(port) || to === undefined ? undefined : { rule, protocol: protocol.value, port, to };
}

/** Everybody who may be meant: a stranger, and one of each network that rules name. */
function sources(rules: LintedRules): readonly Address[] | undefined {
  const named = new Set<Address>();
  for (const { source } of allRules(rules)) {
    if (!source || source.not || maskLength(source.value.mask) === 0) continue;
    const { address, mask } = source.value;
    const single = maskLength(mask) === (typeof address === "number" ? 32 : 128);
    named.add(single ? address : typeof address === "number" ? address + 9 : address + 9n);
  }
  return named.size > MOST_SOURCES ? undefined : [...strangers(rules), ...named];
}

/** What becomes of all packets that the rule takes, where none gets through and all end in the same way. */
function lost(machine: Machine, from: readonly Address[], one: Translation): Answer | undefined {
  const { rule, protocol, port, to } = one;
  let shown: Answer | undefined;
  for (const device of machine.namespace?.devices ?? []) {
    if (!device.up || device.kind === "loopback" || device.master !== undefined) continue;
    if (rule.inInterface && fits(device.name, rule.inInterface.value) === rule.inInterface.not) continue;
    for (const { address: dst, scope } of device.addresses) {
      if (scope !== "global" || familyOf(dst) !== familyOf(to)) continue;
      for (const src of from) {
        const answer = ask(machine, { description: { protocol, src, dst, sport: CLIENT_PORT, dport: port }, in: device.name, facts: [] });
        // What cannot be told may get through.
        if (!answer) return undefined;
        const { way } = answer;
        if (!way.steps.some((step) => step.kind === "rule" && step.table === "nat" && step.rule.line === rule.line)) continue;
        if (way.verdict !== "dropped" && way.verdict !== "rejected") return undefined;
        if (!isStopped(way, "FORWARD") && !LOST.has(way.at.reason ?? "")) return undefined;
        shown ??= answer;
      }
    }
  }
  return shown;
}

function* dead(context: LintContext, rules: LintedRules): Generator<Found> {
  const machine = machineOf(context, rules);
  if (!machine?.namespace?.addressesKnown) return;
  const translations = [...chainsOf(rules)].flatMap(({ table, chain }) =>
    table.name === "nat" ? chain.rules.flatMap((rule) => translationOf(rule) ?? []) : [],
  );
  const from = translations.length > 0 ? sources(rules) : undefined;
  if (!from) return;
  for (const one of translations) {
    const answer = lost(machine, from, one);
    if (!answer) continue;
    const by = isStopped(answer.way, "FORWARD") ? deciderOf(answer.way, "FORWARD") : undefined;
    const to = formatAddress(one.to);
    const witness = answer.witness(by ? `${answer.way.verdict} by ${deciderWords(by)}` : `no way to ${to}`);
    yield {
      ...placeOf(rules, one.rule.line),
      message: by
        ? `What is sent on to ${to} does not get there: FORWARD stops it${by.kind === "policy" ? " by its policy" : ""}.`
        : `What is sent on to ${to} does not get there: ${answer.way.at.text ?? "there is no route"}.`,
      hint: by ? `Accept it in FORWARD: -d ${to}, or -m conntrack --ctstate DNAT.` : `Look at the routes: ip route get ${to}.`,
      ...(by && by.line > 0 && { related: [relatedLine(rules, by.line, "stops it")] }),
      ...(witness && { witness }),
    };
  }
}

const LINKS = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.10/24 scope global eth0
       valid_lft forever preferred_lft forever
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.1/24 scope global eth1
       valid_lft forever preferred_lft forever
`;
const ROUTES = `default via 192.0.2.1 dev eth0
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10
10.0.0.0/24 dev eth1 proto kernel scope link src 10.0.0.1
local 192.0.2.10 dev eth0 table local proto kernel scope host src 192.0.2.10
local 10.0.0.1 dev eth1 table local proto kernel scope host src 10.0.0.1
`;

/** Destinations that nothing gets to. */
export const rule: LintRule = {
  id: "NT063",
  name: "dead-translation",
  severity: "warning",
  group: "host",
  summary: "DNAT sends packets on to an address that they do not get to: FORWARD stops them, or there is no route.",
  why: `DNAT only writes another address into the packet. It is then routed to it and has to pass FORWARD, where it is asked about with the new address and port: rules for the old ones do not match.`,
  exceptions: `Where anybody gets through: a stranger, and one sender of each network that the rules name, are replayed on each device. Nothing is said without a snapshot with addresses, or where one packet cannot be told.`,
  bad: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -p tcp --dport 8080 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.5:80
#^^^ NT063: FORWARD stops it by its policy
COMMIT
`,
    "ip-addr.txt": LINKS,
    "ip-route.txt": ROUTES,
    "sysctl.txt": "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0\n",
  },
  good: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -d 10.0.0.5/32 -p tcp --dport 80 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.5:80
COMMIT
`,
    "ip-addr.txt": LINKS,
    "ip-route.txt": ROUTES,
    "sysctl.txt": "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0\n",
  },
  *check(context) {
    for (const rules of context.rulesets) yield* dead(context, rules);
  },
};
