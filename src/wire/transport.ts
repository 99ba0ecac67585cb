import type { Address, Family } from "../model/address.ts";
import { type Checksum, type Packet, PROTOCOL, type Transport } from "../model/packet.ts";
import { addressSum, addsUp, pseudoSum, transportChecksum } from "./checksum.ts";
import { sctpCrc } from "./crc32c.ts";
import { decodeIcmp } from "./icmp.ts";
import { u16, u32le } from "./octets.ts";
import { decodeAh, decodeDccp, decodeEsp, decodeUdpLite } from "./ports.ts";
import { decodeSctp, SCTP_CHECKSUM } from "./sctp.ts";
import { decodeTcp, TCP_CHECKSUM } from "./tcp.ts";
import { decodeUdp, UDP_CHECKSUM } from "./udp.ts";

/** Why a transport header could not be decoded. */
export type Defect = NonNullable<Packet["defect"]>;

/** What was found behind the IP headers; all absent for a protocol that has no decoder. */
export interface DecodedTransport {
  readonly transport?: Transport;
  readonly defect?: Defect;
  readonly checksum?: Checksum;
}

/** Octets of a transport header that every ICMP error quotes (RFC 792). */
export const QUOTED_OCTETS = 8;

const SCTP_HEADER = 12;

/** What is wrong when a header of `needed` octets is not there: the packet is too short for it, or the capture is. */
export function lacking(bytes: Uint8Array, total: number, needed: number): Defect | undefined {
  if (bytes.length >= needed) return undefined;
  return total < needed ? "short" : "uncaptured";
}

/** Decodes the transport header at the start of an IP payload of `total` octets, of which `payload` is what was captured. */
export function decodeTransport(
  family: Family,
  protocol: number,
  payload: Uint8Array,
  total: number,
  addresses: { readonly src: Address; readonly dst: Address },
): DecodedTransport {
  const decoded = decodeHeader(family, protocol, payload, total, 0);
  if (decoded === undefined) return {};
  if (typeof decoded === "string") return { defect: decoded };
  const checksum = checksumOf(family, protocol, payload, total, addressSum(addresses.src, addresses.dst));
  return checksum ? { transport: decoded, checksum } : { transport: decoded };
}

/** Decodes a transport header without judging its checksum; `depth` counts the ICMP errors around it. */
export function decodeHeader(
  family: Family,
  protocol: number,
  payload: Uint8Array,
  total: number,
  depth: number,
): Transport | Defect | undefined {
  const quoted = depth > 0;
  switch (protocol) {
    case PROTOCOL.tcp:
      return decodeTcp(payload, total, quoted);
    case PROTOCOL.udp:
      return decodeUdp(payload, total);
    case PROTOCOL.icmp:
      return family === 4 ? decodeIcmp(4, payload, total, depth) : undefined;
    case PROTOCOL.icmpv6:
      return family === 6 ? decodeIcmp(6, payload, total, depth) : undefined;
    case PROTOCOL.sctp:
      return decodeSctp(payload, total, quoted);
    case PROTOCOL.dccp:
      return decodeDccp(payload, total, quoted);
    case PROTOCOL.udplite:
      return decodeUdpLite(payload, total);
    case PROTOCOL.esp:
      return decodeEsp(payload, total);
    case PROTOCOL.ah:
      return decodeAh(payload, total, quoted);
    default:
      return undefined;
  }
}

/** Judges the checksum of a whole transport packet that has its header; `addresses` is the sum of both IP addresses. */
export function checksumOf(family: Family, protocol: number, payload: Uint8Array, total: number, addresses: number): Checksum | undefined {
  switch (protocol) {
    case PROTOCOL.tcp:
      return transportChecksum(payload, total, pseudoSum(addresses, protocol, total), u16(payload, TCP_CHECKSUM));
    case PROTOCOL.udp: {
      const field = u16(payload, UDP_CHECKSUM);
      return field === 0 ? "absent" : transportChecksum(payload, total, pseudoSum(addresses, protocol, total), field);
    }
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6: {
      if (payload.length < total) return "unseen";
      const pseudo = family === 6 ? pseudoSum(addresses, protocol, total) : 0;
      return addsUp(payload, 0, total, pseudo) ? "good" : "bad";
    }
    case PROTOCOL.sctp:
      return sctpChecksum(payload, total);
    default:
      return undefined;
  }
}

function sctpChecksum(payload: Uint8Array, total: number): Checksum {
  if (payload.length < Math.max(total, SCTP_HEADER)) return "unseen";
  const field = u32le(payload, SCTP_CHECKSUM);
  // net/sctp/output.c, sctp_packet_pack leaves zero there when the card is to fill it in.
  if (field === 0) return "partial";
  return sctpCrc(payload, total, SCTP_CHECKSUM) === field ? "good" : "bad";
}
