import type { Address } from "../model/address.ts";
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

/** A packet that is only lent has become another one. */
export function becameAnother(packet: Packet): void {
  if (packet === hashed) hashed = undefined;
}

function hashOf(packet: Packet): number {
  const { transport } = packet;
  let hash = mixed(packet.protocol, packet.length);
  if (packet.family === 4 && packet.id !== undefined) hash = mixed(hash, packet.id);
  if (transport?.kind === "tcp") return mixed(mixed(hash, transport.seq), transport.flags);
  return transport?.kind === "icmp" ? mixed(mixed(hash, transport.type), transport.sequence ?? -1) : mixed(hash, sampleOf(packet));
}

/** What translation leaves as it is, in numbers: whoever waits for a packet need not keep all of it. */
class PacketMark {
  hash = 0;
  family = 0;
  protocol = 0;
  length = 0;
  id: number | undefined = undefined;
  drawnId = false;
  isTtlAssumed = false;
  offset: number | undefined = undefined;
  kind: "tcp" | "icmp" | "other" = "other";
  /** Sequence, acknowledgement and flags of TCP; type, code and sequence of ICMP. */
  first = 0;
  second = 0;
  third: number | undefined = undefined;
  /** Of its data; absent for TCP, and for an ICMP message that quotes a packet. */
  sample: number | undefined = undefined;

  /** Makes it that of a packet. */
  fill(packet: Packet): this {
    const { transport } = packet;
    this.hash = contentHash(packet);
    this.family = packet.family;
    this.protocol = packet.protocol;
    this.length = packet.length;
    this.id = packet.id;
    this.drawnId = packet.drawnId === true;
    this.isTtlAssumed = packet.isTtlAssumed === true;
    this.offset = packet.fragment?.offset;
    if (transport?.kind === "tcp") {
      this.kind = "tcp";
      this.first = transport.seq;
      this.second = transport.ack;
      this.third = transport.flags;
      this.sample = undefined;
    } else if (transport?.kind === "icmp") {
      this.kind = "icmp";
      this.first = transport.type;
      this.second = transport.code;
      this.third = transport.sequence;
      this.sample = transport.quoted ? undefined : sampleOf(packet);
    } else {
      this.kind = "other";
      this.first = 0;
      this.second = 0;
      this.third = undefined;
      this.sample = sampleOf(packet);
    }
    return this;
  }
}

/**
 * Whether a packet has a mark. The identification of IPv6 fragments is drawn anew where a datagram is cut again (ip6_fragment).
 */
function hasMark(packet: Packet, mark: PacketMark): boolean {
  if (packet.protocol !== mark.protocol || packet.length !== mark.length || packet.fragment?.offset !== mark.offset) return false;
  if (packet.family !== mark.family || (packet.family === 4 && packet.id !== mark.id)) return false;
  const { transport } = packet;
  if (transport?.kind === "tcp") {
    return mark.kind === "tcp" && transport.seq === mark.first && transport.ack === mark.second && transport.flags === mark.third;
  }
  if (transport?.kind === "icmp") {
    if (mark.kind !== "icmp" || transport.type !== mark.first || transport.code !== mark.second || transport.sequence !== mark.third)
      return false;
    return transport.quoted ? mark.sample === undefined : mark.sample === sampleOf(packet);
  }
  return mark.kind === "other" && mark.sample === sampleOf(packet);
}

/** Whether two packets have the same in what translation leaves as it is. */
export function sameMark(one: Packet, other: Packet): boolean {
  return hasMark(other, new PacketMark().fill(one));
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

/** How a packet looks at one place: addresses, ports and TTL of its headers there, all else by its mark. */
export class Look {
  src: Address = 0;
  dst: Address = 0;
  ttl = 0;
  isIcmp = false;
  /** The identifier of ICMP. */
  sport: number | undefined = undefined;
  dport: number | undefined = undefined;
  readonly mark = new PacketMark();

  /** Makes it that of a packet with these addresses and ports; `content` is itself, or the same packet at another place. */
  look({ src, dst, transport }: Packet, ttl: number, content: Packet): this {
    this.src = src;
    this.dst = dst;
    this.ttl = ttl;
    this.mark.fill(content);
    this.isIcmp = transport?.kind === "icmp";
    this.sport = transport?.kind === "icmp" ? transport.id : sourcePort(transport);
    this.dport = destinationPort(transport);
    return this;
  }
}

/** Whether a packet looks just so; `drawn`: where the kernel drew its identification, which is another one. */
export function looksLike({ src, dst, ttl, isIcmp, sport, dport, mark }: Look, seen: Packet, drawn: boolean): boolean {
  if (src !== seen.src || dst !== seen.dst) return false;
  if (mark.isTtlAssumed !== (seen.isTtlAssumed === true) || (ttl !== seen.ttl && !mark.isTtlAssumed)) return false;
  if (drawn ? !mark.drawnId : mark.drawnId || mark.id !== seen.id) return false;
  const { transport } = seen;
  if (isIcmp !== (transport?.kind === "icmp")) return false;
  if (transport?.kind === "icmp" ? sport !== transport.id : sport !== sourcePort(transport) || dport !== destinationPort(transport))
    return false;
  return hasMark(seen, mark);
}

/** The source port of a transport header that has ports. */
export function sourcePort(transport: Transport | undefined): number | undefined {
  if (transport?.kind === "tcp" || transport?.kind === "udp") return transport.sport;
  return transport && "sport" in transport ? transport.sport : undefined;
}

/** The same of the destination. */
export function destinationPort(transport: Transport | undefined): number | undefined {
  if (transport?.kind === "tcp" || transport?.kind === "udp") return transport.dport;
  return transport && "dport" in transport ? transport.dport : undefined;
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
