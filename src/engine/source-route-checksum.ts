import type { Address } from "../model/address.ts";
import { type Checksum, type Packet, PROTOCOL } from "../model/packet.ts";
import { addressSum } from "../wire/checksum.ts";
import { decodeTransport } from "../wire/transport.ts";

/** Protocols whose checksum covers the addresses. */
const PSEUDO_HEADER: readonly number[] = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.dccp];

/**
 * The packet with the next destination of its source route (ip_options.c, ip_forward_options). Unlike a translation that leaves the transport's
 * checksum alone, which is made for the last destination (RFC 9293 section 3.1), so that it may come to hold, or not to hold any more.
 */
export function sentOn(packet: Packet, dst: Address, translated: boolean): Packet {
  const checksum = checksumThen(packet, dst, translated);
  return { ...packet, dst, ...(checksum && { checksum }) };
}

function checksumThen(packet: Packet, dst: Address, translated: boolean): Checksum | undefined {
  const { checksum, src, family, protocol, payload } = packet;
  const same = addressSum(src, dst) % 0xffff === addressSum(src, packet.dst) % 0xffff;
  if (same || !PSEUDO_HEADER.includes(protocol) || (checksum !== "good" && checksum !== "bad")) return checksum;
  if (checksum === "good") return "bad";
  // A translation keeps a wrong checksum wrong by as much, but the octets here are those from before it.
  if (translated) return "unseen";
  return decodeTransport(family, protocol, payload, packet.length - packet.headerLength, { src, dst }).checksum ?? checksum;
}
