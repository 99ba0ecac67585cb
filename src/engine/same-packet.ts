import type { Packet, Transport } from "../model/packet.ts";
import { ANY_PORT } from "./connection.ts";
import { mixed } from "./hash.ts";

/** Octets of the headers that come before a packet's own data, as far as their length is known. */
const UDP_HEADER = 8;
const ICMP_HEADER = 8;
/** So many octets of data tell packets apart that have no numbers of their own. */
const SAMPLE = 16;

/** The last packet that was asked for, which mostly is the one that is asked for again. */
let hashed: Packet | undefined;
let hash = 0;

/** A number by which a packet is found again under other addresses and ports (see `sameMark`). */
export function contentHash(packet: Packet): number {
  if (packet !== hashed) {
    hash = hashOf(packet);
    hashed = packet;
  }
  return hash;
}

function hashOf(packet: Packet): number {
  const { transport } = packet;
  let hash = mixed(packet.protocol, packet.length);
  if (packet.family === 4 && packet.id !== undefined) hash = mixed(hash, packet.id);
  if (transport?.kind === "tcp") return mixed(mixed(hash, transport.seq), transport.flags);
  return transport?.kind === "icmp" ? mixed(mixed(hash, transport.type), transport.sequence ?? -1) : mixed(hash, sampleOf(packet));
}

/**
 * Whether two packets have the same in what translation leaves as it is. The identification of IPv6 fragments is drawn anew where a datagram
 * is cut again (ip6_fragment).
 */
export function sameMark(one: Packet, other: Packet): boolean {
  if (one.protocol !== other.protocol || one.length !== other.length || one.fragment?.offset !== other.fragment?.offset) return false;
  if (one.family !== other.family || (one.family === 4 && one.id !== other.id)) return false;
  const [a, b] = [one.transport, other.transport];
  if (a?.kind === "tcp" || b?.kind === "tcp") {
    return a?.kind === "tcp" && b?.kind === "tcp" && a.seq === b.seq && a.ack === b.ack && a.flags === b.flags;
  }
  if (a?.kind === "icmp" || b?.kind === "icmp") {
    if (a?.kind !== "icmp" || b?.kind !== "icmp") return false;
    if (a.type !== b.type || a.code !== b.code || a.sequence !== b.sequence) return false;
    return a.quoted ? b.quoted !== undefined : b.quoted === undefined && sampleOf(one) === sampleOf(other);
  }
  return sampleOf(one) === sampleOf(other);
}

function sampleOf(packet: Packet): number {
  const { payload, transport } = packet;
  const start = headerOf(transport);
  let sum = 0;
  for (let i = start; i < start + SAMPLE && i < payload.length; i++) sum = (Math.imul(sum, 31) + (payload[i] ?? 0)) | 0;
  return sum;
}

/** Whether two packets are the same but for what translation changes. */
export function sameContent(one: Packet, other: Packet): boolean {
  if (!sameMark(one, other) || !sameData(one, other)) return false;
  return one.id === other.id || one.drawnId === true || other.drawnId === true;
}

/** How a packet looks at one place: addresses, ports and TTL of one packet, all else of another one that it came from. */
export interface Look {
  readonly headers: Packet;
  readonly ttl: number;
  readonly content: Packet;
}

/** Whether a packet looks just so; `drawn`: where the kernel drew its identification, which is another one. */
export function looksLike({ headers, ttl, content }: Look, seen: Packet, drawn: boolean): boolean {
  if (headers.src !== seen.src || headers.dst !== seen.dst) return false;
  if (content.isTtlAssumed !== seen.isTtlAssumed || (ttl !== seen.ttl && !seen.isTtlAssumed)) return false;
  if (drawn ? !content.drawnId : content.drawnId || content.id !== seen.id) return false;
  return samePorts(headers.transport, seen.transport) && sameMark(content, seen);
}

function samePorts(a: Transport | undefined, b: Transport | undefined): boolean {
  if (a?.kind === "icmp" || b?.kind === "icmp") return a?.kind === "icmp" && b?.kind === "icmp" && a.id === b.id;
  const [one, other] = [a && "sport" in a ? a : undefined, b && "sport" in b ? b : undefined];
  return one?.sport === other?.sport && one?.dport === other?.dport;
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

function dataOf({ payload, transport }: Packet): Uint8Array {
  return payload.subarray(headerOf(transport));
}

/** Octets of a transport header, as far as they come before data. */
function headerOf(transport: Transport | undefined): number {
  if (!transport) return 0;
  if (transport.kind === "tcp") return transport.headerLength;
  return transport.kind === "icmp" ? ICMP_HEADER : transport.kind === "udp" ? UDP_HEADER : Infinity;
}
