import { IPV6_HEADER, type Packet, PROTOCOL, SKIPPED_EXTENSIONS } from "../model/packet.ts";
import { type Octets, packetOctets, unsignedAt } from "./packet-octets.ts";
import type { MatchResult, PacketContext } from "./spec.ts";

const NEXT_HEADER = 6;
const FRAGMENT_OFFSET = 0xfff8;

/** Headers that ipv6_ext_hdr of the kernel takes for extension headers. */
const EXTENSIONS: ReadonlySet<number> = new Set([
  PROTOCOL.hopopt,
  PROTOCOL["ipv6-route"],
  PROTOCOL["ipv6-frag"],
  PROTOCOL.ah,
  PROTOCOL["ipv6-nonxt"],
  PROTOCOL["ipv6-opts"],
]);

/** An IPv6 extension header, and the packet's octets that it stands in. */
export interface Ipv6Header {
  readonly kind: "found";
  readonly octets: Octets;
  readonly at: number;
}

/** There is none: "absent", the packet ends before that is clear, or its octets are not known. */
export interface NoIpv6Header {
  readonly kind: "absent" | "cut" | "unseen";
}

/** What a match says where the octets of a header were not captured. */
export const UNSEEN_HEADER: MatchResult = { unknown: "the IPv6 extension headers, which were not captured" };

/** The IPv6 address at an offset: "cut" where the packet ends before it, "unseen" where it was not captured. */
export function addressAt(octets: Octets, at: number, total = Number.POSITIVE_INFINITY): bigint | "cut" | "unseen" {
  if (at + 16 > total) return "cut";
  let address = 0n;
  for (let i = 0; i < 16; i += 4) {
    const part = unsignedAt(octets, at + i, 4);
    if (part === undefined) return "unseen";
    address = (address << 32n) | BigInt(part);
  }
  return address;
}

/** Octets of an extension header by its own length field, at the second octet. */
export function ipv6HeaderLength(type: number, field: number): number {
  if (type === PROTOCOL["ipv6-frag"]) return 8;
  return type === PROTOCOL.ah ? (field + 2) * 4 : (field + 1) * 8;
}

/** Whether a packet ends within an extension header, so that the place of the header behind that one lies past its end. */
export function endsInExtensions({ family, defect, protocol }: Packet): boolean {
  return family === 6 && (defect === "malformed" || defect === "short") && SKIPPED_EXTENSIONS.has(protocol);
}

/**
 * The protocol of what would follow the extension header that such a packet ends in; undefined where that is one more of them, or is not told
 * (exthdrs_core.c, ipv6_skip_exthdr, which does not ask whether the packet goes on that far).
 */
export function protocolPastEnd({ payload }: Packet): number | undefined {
  const [next] = payload;
  return next === undefined || payload.length < 2 || EXTENSIONS.has(next) ? undefined : next;
}

/** Looks for the first extension header of a type (net/ipv6/exthdrs_core.c, ipv6_find_hdr). */
export function findIpv6Header({ packet }: Pick<PacketContext, "packet">, target: number): Ipv6Header | NoIpv6Header {
  const octets = packetOctets(packet);
  const cut = (end: number): NoIpv6Header => ({ kind: end > packet.length ? "cut" : "unseen" });
  let next = octets[NEXT_HEADER];
  let at = IPV6_HEADER;
  for (;;) {
    if (next === undefined) return { kind: "unseen" };
    if (!EXTENSIONS.has(next) || next === PROTOCOL["ipv6-nonxt"]) return { kind: "absent" };
    const needed = next === PROTOCOL["ipv6-route"] || next === PROTOCOL["ipv6-frag"] ? 4 : 2;
    if (octets.length < at + needed) return cut(at + needed);
    if (next === target) return { kind: "found", octets, at };
    const field = unsignedAt(octets, at, 2);
    if (field === undefined) return { kind: "unseen" };
    if (next === PROTOCOL["ipv6-frag"]) {
      const offset = unsignedAt(octets, at + 2, 2);
      if (offset === undefined) return { kind: "unseen" };
      if ((offset & FRAGMENT_OFFSET) !== 0) return { kind: "absent" };
    }
    at += ipv6HeaderLength(next, field & 255);
    next = field >> 8;
  }
}

/** Where the octets after all extension headers begin and of what protocol they are; a later fragment ends the walk. */
export interface Ipv6Rest {
  readonly protocol: number;
  readonly at: number;
}

/** The end of the extension headers (net/ipv6/exthdrs_core.c, ipv6_skip_exthdr): "none" without a next header or where the packet ends before. */
export function skipIpv6Headers({ packet }: PacketContext): Ipv6Rest | "none" | "unseen" {
  const octets = packetOctets(packet);
  let next = octets[NEXT_HEADER];
  let at = IPV6_HEADER;
  for (;;) {
    if (next === undefined) return "unseen";
    if (!EXTENSIONS.has(next)) return { protocol: next, at };
    if (next === PROTOCOL["ipv6-nonxt"] || at + (next === PROTOCOL["ipv6-frag"] ? 4 : 2) > packet.length) return "none";
    const field = unsignedAt(octets, at, 2);
    const offset = next === PROTOCOL["ipv6-frag"] ? unsignedAt(octets, at + 2, 2) : 0;
    if (field === undefined || offset === undefined) return "unseen";
    if ((offset & FRAGMENT_OFFSET) !== 0) return { protocol: next, at };
    at += ipv6HeaderLength(next, field & 255);
    next = field >> 8;
  }
}

/**
 * The protocol that `-p` compares (net/ipv6/netfilter/ip6_tables.c, ip6_packet_match), or what becomes of a packet that has none:
 * one that ends within its extension headers is dropped, and so is a later fragment that goes on with an extension header.
 * nft takes an authentication header for a protocol, and what it cannot read just does not match (nf_tables_ipv6.h).
 */
export function ipv6Protocol({ packet, backend }: PacketContext): number | MatchResult {
  const unreadable = backend === "nft" ? false : "hotdrop";
  if (packet.extensionHeaders === undefined && packet.headerLength === IPV6_HEADER && !EXTENSIONS.has(packet.protocol))
    return packet.protocol;
  const octets = packetOctets(packet);
  let next = octets[NEXT_HEADER];
  let at = IPV6_HEADER;
  for (;;) {
    if (next === undefined) return UNSEEN_HEADER;
    if (!EXTENSIONS.has(next) || next === PROTOCOL["ipv6-nonxt"]) return next;
    const needed = next === PROTOCOL["ipv6-route"] || next === PROTOCOL["ipv6-frag"] ? 4 : 2;
    if (at + needed > packet.length) return unreadable;
    if (backend === "nft" && next === PROTOCOL.ah) return next;
    const field = unsignedAt(octets, at, 2);
    const offset = next === PROTOCOL["ipv6-frag"] ? unsignedAt(octets, at + 2, 2) : 0;
    if (field === undefined || offset === undefined) return UNSEEN_HEADER;
    const following = field >> 8;
    if ((offset & FRAGMENT_OFFSET) !== 0) return EXTENSIONS.has(following) && following !== PROTOCOL["ipv6-nonxt"] ? unreadable : following;
    at += ipv6HeaderLength(next, field & 255);
    next = following;
  }
}

/** What a match says without the header; most drop a packet that is cut off in the middle of one. */
export function withoutHeader({ kind }: NoIpv6Header, cut: MatchResult = "hotdrop"): MatchResult {
  return kind === "absent" ? false : kind === "cut" ? cut : UNSEEN_HEADER;
}
