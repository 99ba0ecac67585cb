import type { ConnectionText } from "../explain/connection.ts";
import { missingDevices } from "../explain/evidence.ts";
import { targetName } from "../explain/rule-words.ts";
import { portsOf } from "../explain/words.ts";
import { formatAddress, formatMac } from "../model/address.ts";
import { type Packet, PROTOCOL, protocolName } from "../model/packet.ts";
import type { Appearance, Observation, PacketTrace, Place, Reply, Step, Tried, Way } from "../model/trace.ts";

/** A JSON object under construction; `undefined` values are left out by JSON.stringify, and null never occurs. */
type Json = Record<string, unknown>;

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

/** What became of one packet as the object of `--format json` and `ndjson`; `time` is RFC 3339. */
export function traceObject(trace: PacketTrace, time: string): Json {
  const ports = portsOf(trace.packet);
  const missing = missingDevices(trace);
  const icmp = trace.packet.transport?.kind === "icmp" ? trace.packet.transport : undefined;
  return {
    packet: trace.frame.number,
    capture: trace.frame.source?.capture,
    time,
    flow: trace.flow,
    netns: trace.netns,
    interface: trace.interface,
    direction: trace.direction,
    protocol: protocolField(trace.packet.protocol),
    src: formatAddress(trace.packet.src),
    dst: formatAddress(trace.packet.dst),
    sport: ports?.sport,
    dport: ports?.dport,
    icmpType: icmp?.type,
    icmpCode: icmp?.code,
    verdict: trace.way.verdict,
    certainty: trace.certainty,
    seenBefore: trace.seenBefore,
    seenBeforeIn: trace.seenBeforeIn,
    ...wayFields(trace.way),
    observed: trace.observed.map(observationObject),
    missing: missing.length > 0 ? missing : undefined,
    decided: trace.decided.length > 0 ? trace.decided : undefined,
    assumptions: trace.assumptions.map(({ id, text, flag }) => ({ id, text, flag })),
    alternatives: trace.alternatives.map((way) => ({ conditions: way.conditions, verdict: way.verdict, ...wayFields(way) })),
  };
}

function wayFields(way: Way): Json {
  return {
    at: placeObject(way.at),
    undecided: way.undecided,
    steps: (way.allSteps ?? way.steps).map(stepObject),
    nat: { src: way.nat.src, dst: way.nat.dst },
    out: way.out.map(appearanceObject),
    replies: way.replies.map(replyObject),
  };
}

function placeObject(at: Place): Json {
  return {
    netns: at.netns,
    interface: at.interface,
    table: at.table,
    chain: at.chain,
    kind: at.kind,
    rule: at.rule,
    line: at.line || undefined,
    reason: at.reason,
    text: at.text,
  };
}

/** Addresses, protocol, ports and header fields of a packet, as `out` and `replies` list them. */
function packetFields(packet: Packet): Json {
  const ports = portsOf(packet);
  const protocol = protocolField(packet.protocol);
  const icmp = packet.transport?.kind === "icmp" ? packet.transport : undefined;
  return {
    src: formatAddress(packet.src),
    dst: formatAddress(packet.dst),
    protocol,
    proto: protocol,
    sport: known(ports?.sport),
    dport: known(ports?.dport),
    icmpType: icmp?.type,
    icmpCode: icmp?.code,
    ttl: packet.ttl,
    tos: packet.tos,
    length: packet.length,
  };
}

/** A port, unless it was drawn at random and nothing told it. */
function known(port: number | undefined): number | undefined {
  return port !== undefined && port >= 0 ? port : undefined;
}

function appearanceObject(appearance: Appearance): Json {
  return {
    netns: appearance.netns,
    interface: appearance.interface,
    ...packetFields(appearance.packet),
    dstMac: appearance.dstMac === undefined ? undefined : formatMac(appearance.dstMac),
  };
}

function replyObject(reply: Reply): Json {
  return { netns: reply.netns, type: reply.type, ...packetFields(reply.packet), verdict: reply.way.verdict, ...wayFields(reply.way) };
}

function observationObject(seen: Observation): Json {
  return { capture: seen.capture, packet: seen.packet, netns: seen.netns, interface: seen.interface, afterMs: Number(seen.after) / 1e6 };
}

function triedObjects(tried: readonly Tried[] | undefined): readonly Json[] | undefined {
  return tried?.map(({ rule, failed, because }) => ({
    rule: rule.number,
    line: rule.line || undefined,
    text: rule.text,
    failed: failed.kind === "match" ? `-m ${rule.matches[failed.index]?.name ?? ""}` : failed.kind,
    because,
  }));
}

function stepObject(step: Step): Json {
  if (step.kind === "rule" || step.kind === "return" || step.kind === "policy") {
    const common = { netns: step.netns, hook: step.hook, table: step.table, chain: step.chain, kind: step.kind };
    const where = {
      in: step.in,
      out: step.out,
      physin: step.physin,
      physout: step.physout,
      mark: step.mark,
      tried: triedObjects(step.tried),
    };
    if (step.kind === "rule") {
      const { number, line, text, target } = step.rule;
      return {
        ...common,
        rule: number,
        line: line || undefined,
        target: targetName(target),
        text,
        because: step.because,
        set: step.set,
        note: step.note,
        ...where,
      };
    }
    return { ...common, rule: step.number, line: step.line || undefined, verdict: step.verdict, ...where };
  }
  if (step.kind === "route") return { ...step, via: step.via === undefined ? undefined : formatAddress(step.via) };
  return { ...step };
}

/** A connection as `--format json` lists it. */
export function flowObject(connection: ConnectionText): Json {
  const { flow, packets, sign, first } = connection;
  const ports = portsOf(first);
  return {
    flow,
    protocol: protocolField(first.protocol),
    src: formatAddress(first.src),
    dst: formatAddress(first.dst),
    sport: ports?.sport,
    dport: ports?.dport,
    packets,
    trouble: sign === "bad",
    outcomes: connection.outcomes.map((outcome) => [...outcome.lines, ...outcome.closing].map((line) => line.text)),
  };
}
