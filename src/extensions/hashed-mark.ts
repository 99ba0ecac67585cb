import { type Address, type Family, maskOf } from "../model/address.ts";
import { isIcmp, type Packet, PROTOCOL } from "../model/packet.ts";
import { findIpv6Header } from "./ipv6-headers.ts";
import { jenkinsHash, scaledHash } from "./jenkins-hash.ts";
import { packetOctets, unsignedAt } from "./packet-octets.ts";
import type { PacketContext, TargetResult } from "./spec.ts";
import { isLaterFragment } from "./transport.ts";

/** What goes into the hash of HMARK, and what comes out of it (struct xt_hmark_info). */
export interface HashedParts {
  readonly srcPrefix: number;
  readonly dstPrefix: number;
  /** Bits of both ports, or of the SPI. */
  readonly portMask: number;
  readonly portSet: number;
  readonly protocolMask: number;
  readonly seed: number;
  readonly modulus: number;
  readonly offset: number;
  /** The connection's original source and whom it is answered by, in place of the packet's addresses. */
  readonly ofConnection: boolean;
}

interface HashedTuple {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  /** Both ports, or the SPI. */
  readonly ports?: number;
}

/** Octets before the ports or the SPI (net/core/utils.c, proto_ports_offset). */
const PORTS_AT: Readonly<Record<number, number>> = {
  [PROTOCOL.tcp]: 0,
  [PROTOCOL.udp]: 0,
  [PROTOCOL.dccp]: 0,
  [PROTOCOL.esp]: 0,
  [PROTOCOL.sctp]: 0,
  [PROTOCOL.udplite]: 0,
  [PROTOCOL.ah]: 4,
};

const ERRORS_4 = new Set([3, 4, 5, 11, 12]);

/** xt_HMARK.c, hmark_tg_v4 and hmark_tg_v6. */
export function hashedMark(parts: HashedParts, context: PacketContext): TargetResult {
  const tuple = parts.ofConnection ? ofConnection(context) : ofPacket(context.packet);
  if (tuple === undefined)
    return { verdict: "CONTINUE", note: parts.ofConnection ? "no connection, so nothing is marked" : "nothing is marked" };
  if ("unknown" in tuple) return tuple;
  return { verdict: "CONTINUE", effects: [{ kind: "set-mark", value: markOf(parts, tuple, context.family) }] };
}

/** hmark_hash: addresses and ports in order of size, so that both directions give the same. */
function markOf(parts: HashedParts, tuple: HashedTuple, family: Family): number {
  const addresses = [folded(tuple.src, parts.srcPrefix, family), folded(tuple.dst, parts.dstPrefix, family)].sort((a, b) => a - b);
  let ports = 0;
  if (tuple.ports !== undefined) {
    const given = ((tuple.ports & parts.portMask) | parts.portSet) >>> 0;
    const [low = 0, high = 0] = [given >>> 16, given & 0xffff].sort((a, b) => a - b);
    ports = high * 0x10000 + low;
  }
  const hash = jenkinsHash([...addresses, ports], parts.seed) ^ (tuple.protocol & parts.protocolMask);
  return (scaledHash(hash, parts.modulus) + parts.offset) >>> 0;
}

/** hmark_addr_mask: of an IPv6 address the exclusive or of its four words. */
function folded(address: Address, prefix: number, family: Family): number {
  const mask = maskOf(family, prefix);
  if (typeof address === "number") return (address & Number(mask)) >>> 0;
  const left = address & BigInt(mask);
  return Number((left ^ (left >> 32n) ^ (left >> 64n) ^ (left >> 96n)) & 0xffffffffn);
}

/** hmark_ct_set_htuple. */
function ofConnection({ connection }: PacketContext): HashedTuple | undefined {
  if (!connection) return undefined;
  const { original, reply } = connection;
  const from = { src: original.src, dst: reply.src, protocol: original.protocol };
  if (original.protocol === PROTOCOL.icmp) return from;
  const id = (tuple: typeof original) => tuple.icmp?.id ?? tuple.sport ?? 0;
  return { ...from, ports: id(original) * 0x10000 + id(reply) };
}

/** hmark_pkt_set_htuple_ipv4 and _ipv6: of ICMP errors the packet that they quote. */
function ofPacket(packet: Packet): HashedTuple | undefined | { readonly unknown: string } {
  const { transport } = packet;
  if (isIcmp(packet.protocol) && !isAuthenticated(packet) && !isLaterFragment(packet) && !(packet.family === 6 && isFragment(packet))) {
    if (transport?.kind !== "icmp" && packet.defect === "uncaptured") return { unknown: "the ICMP header, which was not captured" };
    const isError =
      transport?.kind === "icmp" && (packet.family === 4 ? ERRORS_4.has(transport.type) : transport.type > 0 && transport.type < 128);
    if (isError && transport.kind === "icmp") return transport.quoted && tupleOf(transport.quoted);
  }
  return tupleOf(packet);
}

function isFragment(packet: Packet): boolean {
  return packet.fragment !== undefined || packet.extensionHeaders?.includes("fragment") === true;
}

function isAuthenticated({ family, extensionHeaders }: Packet): boolean {
  return family === 6 && extensionHeaders?.includes("ah") === true;
}

/** The walk through the headers of IPv6 ends at an authentication header (exthdrs_core.c, ipv6_find_hdr with IP6_FH_F_AUTH). */
function authenticated(packet: Packet): HashedTuple | { readonly unknown: string } {
  const from = { src: packet.src, dst: packet.dst, protocol: PROTOCOL.ah };
  const before = packet.extensionHeaders?.slice(0, packet.extensionHeaders.indexOf("ah"));
  if (before?.includes("fragment")) return from;
  const header = findIpv6Header({ packet }, PROTOCOL.ah);
  const spi = header.kind === "found" ? unsignedAt(header.octets, header.at + 4, 4) : undefined;
  return spi === undefined ? { unknown: "the SPI of its authentication header, which was not captured" } : { ...from, ports: spi };
}

function tupleOf(packet: Packet): HashedTuple | { readonly unknown: string } {
  const from = { src: packet.src, dst: packet.dst, protocol: packet.protocol };
  if (isAuthenticated(packet)) return authenticated(packet);
  const at = PORTS_AT[packet.protocol];
  if (at === undefined || isFragment(packet)) return from;
  const { transport } = packet;
  if (transport?.kind === "spi") return { ...from, ports: transport.spi };
  if (packet.length - packet.headerLength < at + 4) return from;
  if (transport && "sport" in transport) return { ...from, ports: transport.sport * 0x10000 + transport.dport };
  const ports = unsignedAt(packetOctets(packet), packet.headerLength + at, 4);
  return ports === undefined ? { unknown: "the transport header, which was not captured" } : { ...from, ports };
}
