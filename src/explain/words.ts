import { formatEndpoint } from "../model/endpoint.ts";
import { type Icmp, type Packet, PROTOCOL, protocolName, TCP_FLAG } from "../model/packet.ts";

const ICMP_TYPES: Readonly<Record<number, string>> = {
  0: "echo reply",
  3: "unreachable",
  4: "source quench",
  5: "redirect",
  8: "echo request",
  9: "router advertisement",
  10: "router solicitation",
  11: "time exceeded",
  12: "parameter problem",
  13: "timestamp request",
  14: "timestamp reply",
};

const ICMPV6_TYPES: Readonly<Record<number, string>> = {
  1: "unreachable",
  2: "packet too big",
  3: "time exceeded",
  4: "parameter problem",
  128: "echo request",
  129: "echo reply",
  130: "listener query",
  131: "listener report",
  132: "listener done",
  133: "router solicitation",
  134: "router advertisement",
  135: "neighbour solicitation",
  136: "neighbour advertisement",
  137: "redirect",
  143: "listener report",
};

const UNREACHABLE: Readonly<Record<number, string>> = {
  0: "network unreachable",
  1: "host unreachable",
  2: "protocol unreachable",
  3: "port unreachable",
  4: "fragmentation needed",
  9: "network prohibited",
  10: "host prohibited",
  13: "administratively prohibited",
};

const UNREACHABLE_6: Readonly<Record<number, string>> = {
  0: "no route",
  1: "administratively prohibited",
  3: "address unreachable",
  4: "port unreachable",
  5: "source address failed policy",
  6: "reject route",
};

/** Source and destination port, where the packet has a transport header that carries them. */
export function portsOf(packet: Packet): { readonly sport: number; readonly dport: number } | undefined {
  const transport = packet.transport;
  if (!transport || transport.kind === "icmp" || transport.kind === "spi") return undefined;
  return { sport: transport.sport, dport: transport.dport };
}

/** "192.0.2.50:40000 → 192.0.2.10:8080" */
export function formatEndpoints(packet: Packet): string {
  const ports = portsOf(packet);
  return `${formatEndpoint(packet.src, ports?.sport)} → ${formatEndpoint(packet.dst, ports?.dport)}`;
}

/** The kind of an ICMP or ICMPv6 message in words (RFC 792, RFC 4443): "echo request", "port unreachable". */
export function icmpWords(packet: Packet, icmp: Icmp): string {
  const six = packet.protocol === PROTOCOL.icmpv6;
  const unreachable = six ? icmp.type === 1 : icmp.type === 3;
  const detail = unreachable ? (six ? UNREACHABLE_6 : UNREACHABLE)[icmp.code] : undefined;
  return detail ?? (six ? ICMPV6_TYPES : ICMP_TYPES)[icmp.type] ?? `type ${icmp.type} code ${icmp.code}`;
}

/** "tcp", "icmp echo request", "protocol 99". */
export function protocolWords(packet: Packet): string {
  const name = protocolName(packet.protocol);
  if (packet.transport?.kind === "icmp") return `${name} ${icmpWords(packet, packet.transport)}`;
  return /^\d+$/.test(name) ? `protocol ${name}` : name;
}

/** "tcp 192.0.2.50:40000 → 192.0.2.10:8080" */
export function packetTitle(packet: Packet): string {
  const fragment = packet.fragment && (packet.fragment.more || packet.fragment.offset > 0) ? fragmentWords(packet.fragment.offset) : "";
  return `${protocolWords(packet)} ${formatEndpoints(packet)}${fragment}`;
}

function fragmentWords(offset: number): string {
  return offset === 0 ? " (first fragment)" : ` (fragment at octet ${offset})`;
}

/** "SYN,ACK" in the order of the header's bits; "none" for a null scan. */
export function tcpFlagWords(flags: number): string {
  const names = Object.entries(TCP_FLAG).filter(([, bit]) => flags & bit);
  return names.length === 0 ? "none" : names.map(([name]) => name).join(",");
}

/** "1 packet", "2 packets", "1,204 packets". */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}

/** "a", "a and b", "a, b and c". */
export function list(words: readonly string[], conjunction = "and"): string {
  if (words.length < 2) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}

/** The same text with its first letter in upper case. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Nanoseconds in the unit that reads best: "0.03 ms", "1.2 s". */
export function duration(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds) / 1e9;
  if (seconds >= 1) return `${trim(seconds, seconds < 10 ? 1 : 0)} s`;
  if (seconds < 0.00001) return `${Math.max(0, Math.round(seconds * 1e6))} µs`;
  return `${trim(seconds * 1e3, seconds < 0.01 ? 2 : 0)} ms`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits);
}
