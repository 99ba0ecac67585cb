import { type Address, type AddressMask, formatAddress, inMask, maskLength, parseAddress } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import type { Rule } from "../../model/rule.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOfWords } from "../linted-rules.ts";
import { machineOf } from "../machine.ts";
import { fits, type Gate, gatesOf, knock, ODD_PORT, strangers } from "../outside.ts";
import { ask, deciderOf, isStopped } from "../probe.ts";

const PRIVATE: readonly (readonly [string, number])[] = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["fc00::", 7],
];

/** The private network that a rule accepts by its source alone. */
function trusted({ source, target, inInterface, matches }: Rule): AddressMask | undefined {
  if (target?.kind !== "verdict" || target.verdict !== "ACCEPT" || !source || source.not || inInterface) return undefined;
  if (matches.some(({ name }) => name === "policy" || name === "mac")) return undefined;
  const { address, mask } = source.value;
  const length = maskLength(mask);
  const inside = PRIVATE.some(([text, bits]) => length !== undefined && length >= bits && inNetwork(address, text, bits));
  return inside ? source.value : undefined;
}

function inNetwork(address: Address, text: string, bits: number): boolean {
  const network = parseAddress(text) as Address;
  if (typeof address === "number") return typeof network === "number" && inMask(address, network, (-1 << (32 - bits)) >>> 0);
  return typeof network === "bigint" && address >> BigInt(128 - bits) === network >> BigInt(128 - bits);
}

function* spoofed(context: LintContext, rules: LintedRules): Generator<Found> {
  const machine = machineOf(context, rules);
  const [stranger] = strangers(rules);
  // Without a word of what is outside, each device may be the one where that network is.
  if (!machine || stranger === undefined || (!machine.namespace && !context.config.interfaces.has("outside"))) return;
  const candidates = [...chainsOf(rules)].flatMap(({ table, chain }) => (table.name === "filter" ? chain.rules : []));
  for (const rule of candidates) {
    const network = trusted(rule);
    if (!network) continue;
    const source =
      typeof network.address === "number" ? network.address + (maskLength(network.mask) === 32 ? 0 : 77) : network.address + 77n;
    if (!inMask(source, network.address, network.mask)) continue;
    const port = Number(/--dports? (\d+)/.exec(rule.text)?.[1] ?? ODD_PORT);
    const from = (gate: Gate, address: Address) => {
      const question = knock(gate, address, port);
      const protocol = rule.protocol?.value === PROTOCOL.tcp ? PROTOCOL.tcp : PROTOCOL.udp;
      return ask(machine, { ...question, description: { ...question.description, protocol } });
    };
    for (const gate of gatesOf(machine, context.config)) {
      // The network may well be the one that this device is in.
      const device = machine.namespace?.devices?.find(({ name }) => fits(name, gate.device));
      const isThere = device?.addresses.some(({ address }) => inMask(address, network.address, network.mask));
      const answer = isThere ? undefined : from(gate, source);
      if (answer?.way.verdict !== "delivered" || deciderOf(answer.way, "INPUT")?.line !== rule.line) continue;
      const other = from(gate, stranger);
      if (!other || !isStopped(other.way, "INPUT")) continue;
      const witness = answer.witness(`delivered: accepted by line ${rule.line}`);
      yield {
        ...placeOfWords(rules, rule.line, /(?:-s|--source|--src)\s+\S+/),
        message: `Whoever sends with a source like ${formatAddress(source)} from outside, in on ${gate.device}, is taken for one of these addresses.`,
        hint: "Name the device that they are on (-i), or drop private sources that come in from outside.",
        ...(witness && { witness }),
      };
      break;
    }
  }
}

const HOST = {
  "ip-addr.txt": `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.10/24 scope global eth0
       valid_lft forever preferred_lft forever
`,
  "ip-route.txt": `default via 192.0.2.1 dev eth0
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10
local 192.0.2.10 dev eth0 table local proto kernel scope host src 192.0.2.10
`,
};

/** Spoofed sources. */
export const rule: LintRule = {
  id: "NT037",
  name: "trusted-source",
  severity: "warning",
  group: "exposure",
  summary: "Private source addresses are trusted on the device to the outside as well.",
  why: `A source address is what the sender writes. A rule that accepts 10.0.0.0/8 without \`-i\` also accepts a packet from outside that says so, unless reverse path filtering (rp_filter) drops it.
The answers go elsewhere, so that a TCP connection does not come about, but one packet is enough for UDP, and neighbours on the same network can do more.`,
  exceptions: `Where it is not known which device leads outside (a snapshot's default route, or \`lint.interfaces.outside\` in the configuration), where that device has an address of the network itself, and where rp_filter drops the packet in the replay.
Strangers from other addresses have to be stopped there.`,
  bad: {
    ".nettrace.yaml": `lint:
  interfaces:
    outside: [eth0]
`,
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 10.0.0.0/8 -j ACCEPT
#        ^^^^^^^^^^^^^ NT037: with a source like 10.0.0.77 from outside
COMMIT
`,
    ...HOST,
  },
  good: {
    ".nettrace.yaml": `lint:
  interfaces:
    outside: [eth0]
`,
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth1 -s 10.0.0.0/8 -j ACCEPT
COMMIT
`,
    ...HOST,
  },
  *check(context) {
    for (const rules of context.rulesets) yield* spoofed(context, rules);
  },
};
