import { targetName } from "../../explain/rule-words.ts";
import { portsOf } from "../../explain/words.ts";
import { type Packet, PROTOCOL, protocolName } from "../../model/packet.ts";
import type { Rule } from "../../model/rule.ts";
import type { Appearance, EndStep, Observation, PacketTrace, Place, Reply, RuleStep, Tried, Way } from "../../model/trace.ts";
import { Fields, type Json } from "./fields.ts";

const NAMED: ReadonlySet<number> = new Set([
  PROTOCOL.tcp,
  PROTOCOL.udp,
  PROTOCOL.icmp,
  PROTOCOL.icmpv6,
  PROTOCOL.sctp,
  PROTOCOL.gre,
  PROTOCOL.esp,
]);

/** A protocol as the machine-readable output names it: the seven common ones by name, the others by number. */
export function protocolField(protocol: number): string {
  return NAMED.has(protocol) ? protocolName(protocol) : String(protocol);
}

function icmpOf({ transport }: Packet) {
  return transport?.kind === "icmp" ? transport : undefined;
}

/** A port, unless it was drawn at random and nothing told it. */
function known(port: number | undefined): number | undefined {
  return port !== undefined && port >= 0 ? port : undefined;
}

/** Which packet it is. */
export const OPENING = new Fields<PacketTrace>({ packet: ({ frame }) => frame.number, capture: ({ frame }) => frame.source?.capture });

/** What the packet is, where it was, and how it fared. */
export const HEAD = new Fields<PacketTrace>({
  flow: ({ flow }) => flow,
  netns: ({ netns }) => netns,
  interface: (trace) => trace.interface,
  direction: ({ direction }) => direction,
  protocol: ({ packet }) => protocolField(packet.protocol),
  src: ({ packet }, spelling) => spelling.address(packet.src),
  dst: ({ packet }, spelling) => spelling.address(packet.dst),
  sport: ({ packet }) => portsOf(packet)?.sport,
  dport: ({ packet }) => portsOf(packet)?.dport,
  icmpType: ({ packet }) => icmpOf(packet)?.type,
  icmpCode: ({ packet }) => icmpOf(packet)?.code,
  verdict: ({ way }) => way.verdict,
  certainty: ({ certainty }) => certainty,
});

/** Of which earlier packet it is another sighting. */
export const SIGHTING = new Fields<PacketTrace>({
  seenBefore: ({ seenBefore }) => seenBefore,
  seenBeforeIn: ({ seenBeforeIn }) => seenBeforeIn,
});

/** Where a way ended. */
export const PLACE = new Fields<Place>({
  netns: ({ netns }) => netns,
  interface: (at) => at.interface,
  table: ({ table }) => table,
  chain: ({ chain }) => chain,
  kind: ({ kind }) => kind,
  rule: ({ rule }) => rule,
  line: ({ line }) => line || undefined,
  reason: ({ reason }) => reason,
  text: ({ text }) => text,
});

/** Translations on a way. */
export const NAT = new Fields<Way["nat"]>({ src: ({ src }) => src, dst: ({ dst }) => dst });

/** What an alternative begins with. */
export const ALTERNATIVE = new Fields<Way>({ conditions: ({ conditions }) => conditions, verdict: ({ verdict }) => verdict });

/** Where a packet appeared. */
export const APPEARANCE = new Fields<Appearance>({ netns: ({ netns }) => netns, interface: (one) => one.interface });

/** Whom an appearance was sent to. */
export const LINK = new Fields<Appearance>({ dstMac: ({ dstMac }, spelling) => (dstMac === undefined ? undefined : spelling.mac(dstMac)) });

/** Who answers, and with what. */
export const REPLY = new Fields<Reply>({ netns: ({ netns }) => netns, type: ({ type }) => type });

/** What becomes of an answer. */
export const REPLY_END = new Fields<Reply>({ verdict: ({ way }) => way.verdict });

/** Addresses, protocol and ports of a packet, as `out` and `replies` list them. */
export const ENDS = new Fields<Packet>({
  src: ({ src }, spelling) => spelling.address(src),
  dst: ({ dst }, spelling) => spelling.address(dst),
  protocol: ({ protocol }) => protocolField(protocol),
  proto: ({ protocol }) => protocolField(protocol),
  sport: (packet) => known(portsOf(packet)?.sport),
  dport: (packet) => known(portsOf(packet)?.dport),
  icmpType: (packet) => icmpOf(packet)?.type,
  icmpCode: (packet) => icmpOf(packet)?.code,
});

/** What else they list of it. */
export const SIZE = new Fields<Packet>({
  ttl: ({ ttl }) => ttl,
  tos: ({ tos }) => tos,
  length: ({ length }) => length,
});

/** Where else a packet was seen. */
export const OBSERVATION = new Fields<Observation>({
  capture: ({ capture }) => capture,
  packet: ({ packet }) => packet,
  netns: ({ netns }) => netns,
  interface: (seen) => seen.interface,
  afterMs: ({ after }) => Number(after) / 1e6,
});

/** The chain that a rule or the end of a chain is of. */
export const IN_CHAIN = new Fields<RuleStep | EndStep>({
  netns: ({ netns }) => netns,
  hook: ({ hook }) => hook,
  table: ({ table }) => table,
  chain: ({ chain }) => chain,
  kind: ({ kind }) => kind,
});

/** A rule that matched. */
export const RULE = new Fields<Rule>({
  rule: ({ number }) => number,
  line: ({ line }) => line || undefined,
  target: ({ target }) => targetName(target),
  text: ({ text }) => text,
});

/** What it found and did. */
export const DONE = new Fields<RuleStep>({ because: ({ because }) => because, set: ({ set }) => set, note: ({ note }) => note });

/** The end of a chain. */
export const END = new Fields<EndStep>({
  rule: ({ number }) => number,
  line: ({ line }) => line || undefined,
  verdict: ({ verdict }) => verdict,
});

/** Devices and mark at a rule or the end of a chain, and what was tried before. */
export const WHERE = new Fields<RuleStep | EndStep>({
  in: (step) => step.in,
  out: ({ out }) => out,
  physin: ({ physin }) => physin,
  physout: ({ physout }) => physout,
  mark: ({ mark }) => mark,
  tried: ({ tried }) => triedObjects(tried),
});

function triedObjects(tried: readonly Tried[] | undefined): readonly Json[] | undefined {
  return tried?.map(({ rule, failed, because }) => ({
    rule: rule.number,
    line: rule.line || undefined,
    text: rule.text,
    failed: failed.kind === "match" ? `-m ${rule.matches[failed.index]?.name ?? ""}` : failed.kind,
    because,
  }));
}
