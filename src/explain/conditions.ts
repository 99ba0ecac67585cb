import { matchSpec } from "../extensions/registry.ts";
import type { PacketContext } from "../extensions/spec.ts";
import type { AddressMask } from "../model/address.ts";
import { formatAddress, formatMac, inMask, maskLength } from "../model/address.ts";
import { protocolName } from "../model/packet.ts";
import type { ArgValues, MatchUse, Negatable, Rule } from "../model/rule.ts";
import type { FailedCondition } from "../model/trace.ts";
import { portsOf, protocolWords, tcpFlagWords } from "./words.ts";

/** One condition of a rule: what it asks for and what the packet has, both in words. */
export interface Condition {
  /** "TCP destination port 80" */
  readonly wants: string;
  /** "this packet's destination port is 22"; "" where there is nothing to add. */
  readonly has: string;
  readonly holds: boolean | "unknown";
  readonly kind: FailedCondition["kind"];
  /** Name of the match, for kind "match". */
  readonly match?: string;
}

/** Every condition of a rule, held against a packet, in the order in which the kernel tries them. */
export function conditionsOf(rule: Rule, context: PacketContext): readonly Condition[] {
  return [...headerConditions(rule, context), ...rule.matches.flatMap((use) => matchConditions(use, context))];
}

/** The condition that a replay found failing, in words. */
export function failedWords(rule: Rule, failed: FailedCondition, context: PacketContext): Condition {
  if (failed.kind !== "match") {
    const found = headerConditions(rule, context).find((c) => c.kind === failed.kind);
    return found ?? { wants: failed.kind, has: "", holds: false, kind: failed.kind };
  }
  const use = rule.matches[failed.index];
  if (!use) return { wants: "a match", has: "", holds: false, kind: "match" };
  const parts = matchConditions(use, context);
  return parts.find((c) => c.holds === false) ?? { ...wholeMatch(use, context), holds: false };
}

const NEGATION: Readonly<Partial<Record<FailedCondition["kind"], string>>> = {
  in: "! ",
  out: "! ",
  source: "any but ",
  destination: "any but ",
  protocol: "any but ",
  fragment: "any but ",
};

function headerConditions(rule: Rule, context: PacketContext): readonly Condition[] {
  const { packet } = context;
  const found: Condition[] = [];
  const add = (kind: FailedCondition["kind"], given: Negatable<unknown> | undefined, wants: string, has: string, holds: boolean) => {
    if (given) found.push({ kind, wants: given.not ? `${NEGATION[kind] ?? ""}${wants}` : wants, has, holds: holds !== given.not });
  };
  const { source, destination, inInterface, outInterface, protocol, fragment } = rule;
  if (source)
    add(
      "source",
      source,
      `source ${maskWords(source.value)}`,
      `its source is ${formatAddress(packet.src)}`,
      covers(source.value, packet.src),
    );
  if (destination) {
    const value = destination.value;
    add(
      "destination",
      destination,
      `destination ${maskWords(value)}`,
      `its destination is ${formatAddress(packet.dst)}`,
      covers(value, packet.dst),
    );
  }
  if (inInterface) {
    const has = context.in ? `it came in on ${context.in}` : "it came in on no device";
    add("in", inInterface, `-i ${inInterface.value}`, has, deviceMatches(inInterface.value, context.in));
  }
  if (outInterface) {
    const has = context.out ? `it goes out on ${context.out}` : "it goes out on no device";
    add("out", outInterface, `-o ${outInterface.value}`, has, deviceMatches(outInterface.value, context.out));
  }
  if (protocol) {
    const name = protocolName(protocol.value);
    add("protocol", protocol, `protocol ${name}`, `it is ${protocolName(packet.protocol)}`, protocol.value === packet.protocol);
  }
  const later = (packet.fragment?.offset ?? 0) > 0;
  add("fragment", fragment, "a second or later fragment", later ? "it is one" : "it is none", later);
  return found;
}

function covers(value: AddressMask, address: AddressMask["address"]): boolean {
  return inMask(address, value.address, value.mask);
}

function maskWords(value: AddressMask): string {
  const length = maskLength(value.mask);
  const full = typeof value.address === "number" ? 32 : 128;
  if (length === full) return formatAddress(value.address);
  return `${formatAddress(value.address)}/${length ?? formatAddress(value.mask)}`;
}

function deviceMatches(pattern: string, device: string): boolean {
  return pattern.endsWith("+") ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
}

/** Matches whose options are conditions of their own, each of which can be asked alone. */
const SEPARABLE = new Set(["tcp", "udp", "sctp", "udplite", "dccp", "iprange", "physdev"]);

function matchConditions(use: MatchUse, context: PacketContext): readonly Condition[] {
  if (use.name === "comment") return [];
  const given = Object.entries(use.args ?? {}).filter(([, value]) => value !== undefined);
  if (!SEPARABLE.has(use.name) || given.length < 2) return [wholeMatch(use, context)];
  return given.map(([key, value]) => wholeMatch({ ...use, args: { [key]: value } }, context));
}

function wholeMatch(use: MatchUse, context: PacketContext): Condition {
  const spec = matchSpec(use.name, context.family);
  const base = { kind: "match" as const, match: use.name };
  if (!spec || !use.args) return { ...base, wants: ["-m", use.name, ...use.words].join(" "), has: "", holds: "unknown" };
  const args = use.args as Parameters<typeof spec.compile>[0];
  let said: (() => string) | undefined;
  const remark = (words: () => string) => {
    said = words;
  };
  const result = spec.compile(args)({ ...context, remark });
  const holds = typeof result === "object" ? "unknown" : result === true;
  return { ...base, wants: spec.explain(args), has: said?.() ?? valueWords(use.name, use.args, context), holds };
}

function valueWords(name: string, args: ArgValues, context: PacketContext): string {
  const { packet } = context;
  const ports = portsOf(packet);
  const transport = packet.transport;
  const keys = Object.keys(args).join(" ").toLowerCase();
  if (["tcp", "udp", "multiport", "sctp", "dccp", "udplite"].includes(name)) {
    if (!ports) return packet.fragment && packet.fragment.offset > 0 ? "a later fragment has no ports" : `it is ${protocolWords(packet)}`;
    if (/flag|syn/.test(keys) && transport?.kind === "tcp") return `its flags are ${tcpFlagWords(transport.flags)}`;
    if (/sport|source/.test(keys)) return `its source port is ${ports.sport}`;
    if (/dport|destination/.test(keys)) return `its destination port is ${ports.dport}`;
    return `its ports are ${ports.sport} and ${ports.dport}`;
  }
  switch (name) {
    case "icmp":
    case "icmp6":
      return `it is ${protocolWords(packet)}`;
    case "conntrack":
    case "state":
      return `its state is ${context.ctState}`;
    case "mark":
      return `its mark is 0x${context.mark.toString(16)}`;
    case "mac":
      return context.srcMac === undefined ? "it has no Ethernet source" : `its Ethernet source is ${formatMac(context.srcMac)}`;
    case "ttl":
    case "hl":
      return `its TTL is ${packet.ttl}`;
    case "tos":
      return `its TOS is 0x${packet.tos.toString(16)}`;
    case "dscp":
      return `its DSCP is 0x${(packet.tos >> 2).toString(16)}`;
    case "length":
      return `it is ${packet.length} octets long`;
    case "pkttype":
      return `it is a ${context.frameType} packet`;
    case "physdev":
      return `its bridge ports are ${context.physIn ?? "none"} (in) and ${context.physOut ?? "none"} (out)`;
    case "addrtype":
    case "iprange":
      if (!/dst/.test(keys)) return `its source is ${formatAddress(packet.src)}`;
      if (!/src/.test(keys)) return `its destination is ${formatAddress(packet.dst)}`;
      return `it goes from ${formatAddress(packet.src)} to ${formatAddress(packet.dst)}`;
    default:
      return "";
  }
}
