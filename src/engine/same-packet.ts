import type { Packet } from "../model/packet.ts";
import { ANY_PORT } from "./connection.ts";

/** Octets of the headers that come before a packet's own data, as far as their length is known. */
const UDP_HEADER = 8;
const ICMP_HEADER = 8;
/** So many octets of data tell packets apart that have no numbers of their own. */
const SAMPLE = 16;

/**
 * What translation leaves as it is: how a packet is found again under other addresses and ports. The identification of IPv6 fragments is drawn
 * anew where a datagram is cut again (ip6_fragment).
 */
export function contentKey(packet: Packet): string {
  const transport = packet.transport;
  const detail =
    transport?.kind === "tcp"
      ? `${transport.seq}/${transport.ack}/${transport.flags}`
      : transport?.kind === "icmp"
        ? `${transport.type}/${transport.code}/${transport.sequence}${transport.quoted ? "" : `/${sampleOf(packet)}`}`
        : sampleOf(packet);
  return `=${packet.protocol}|${packet.family === 4 ? (packet.id ?? "") : ""}|${packet.length}|${packet.fragment?.offset ?? ""}|${detail}`;
}

function sampleOf(packet: Packet): number {
  let sum = 0;
  for (const octet of dataOf(packet).subarray(0, SAMPLE)) sum = (Math.imul(sum, 31) + octet) | 0;
  return sum;
}

/** Whether two packets are the same but for what translation changes. */
export function sameContent(one: Packet, other: Packet): boolean {
  if (contentKey(one) !== contentKey(other) || !sameData(one, other)) return false;
  return one.id === other.id || one.drawnId === true || other.drawnId === true;
}

/** Addresses, ports, TTL and content: the same for two sightings of one packet between which nothing changes it. */
export function fingerprint(packet: Packet): string {
  const transport = packet.transport;
  const ports =
    transport && "sport" in transport ? `${transport.sport}>${transport.dport}` : transport?.kind === "icmp" ? transport.id : "";
  return `${packet.src}|${packet.dst}|${packet.isTtlAssumed ? "" : packet.ttl}|${ports}|${packet.drawnId ? "?" : packet.id}|${contentKey(packet)}`;
}

/** The ports that a seen packet tells where the predicted one leaves them open; ICMP has its identifier as `sport`. */
export interface Told {
  readonly sport?: number;
  readonly dport?: number;
}

/** Holds a packet that was seen against one that was predicted; undefined when they are not the same. */
export function compare(predicted: Packet, seen: Packet): Told | undefined {
  if (predicted.src !== seen.src || predicted.dst !== seen.dst) return undefined;
  if (predicted.ttl !== seen.ttl && !seen.isTtlAssumed) return undefined;
  if (!sameContent(predicted, seen)) return undefined;
  const wanted = portsOf(predicted);
  const found = portsOf(seen);
  if ((wanted === undefined) !== (found === undefined)) return undefined;
  if (!wanted || !found) return {};
  const { sport, dport } = wanted;
  if ((sport !== ANY_PORT && sport !== found.sport) || (dport !== ANY_PORT && dport !== found.dport)) return undefined;
  return { ...(sport === ANY_PORT && { sport: found.sport }), ...(dport === ANY_PORT && { dport: found.dport }) };
}

function portsOf(packet: Packet): { readonly sport: number; readonly dport: number } | undefined {
  const transport = packet.transport;
  if (transport?.kind === "icmp") return transport.id === undefined ? undefined : { sport: transport.id, dport: 0 };
  return transport && "sport" in transport ? { sport: transport.sport, dport: transport.dport } : undefined;
}

/** Whether two packets carry the same data, as far as both were captured. */
export function sameData(a: Packet, b: Packet): boolean {
  if (a.transport?.kind === "icmp" && a.transport.quoted) return true;
  const one = dataOf(a);
  const other = dataOf(b);
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) if (one[i] !== other[i]) return false;
  return true;
}

function dataOf(packet: Packet): Uint8Array {
  const transport = packet.transport;
  if (!transport) return packet.payload;
  const header =
    transport.kind === "tcp"
      ? transport.headerLength
      : transport.kind === "icmp"
        ? ICMP_HEADER
        : transport.kind === "udp"
          ? UDP_HEADER
          : Infinity;
  return packet.payload.subarray(header);
}
