import type { Address, Family } from "../model/address.ts";
import { type Checksum, type Packet, PROTOCOL, type Transport } from "../model/packet.ts";
import { addressSum, addsUp, pseudoSum, transportChecksum } from "./checksum.ts";
import { sctpCrc } from "./crc32c.ts";
import { decodeIcmp } from "./icmp.ts";
import { u8, u16, u32le, view } from "./octets.ts";
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

/** What is wrong when of the `needed` octets of a header only some are there: the packet is too short for it, or the capture is. */
export function lacking(there: number, total: number, needed: number): Defect | undefined {
  if (there >= needed) return undefined;
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
  const decoded = decodeHeader(family, protocol, payload, 0, payload.length, total, 0);
  if (decoded === undefined) return {};
  if (typeof decoded === "string") return { defect: decoded };
  const checksum = checksumOf(family, protocol, payload, 0, payload.length, total, addressSum(addresses.src, addresses.dst));
  return checksum ? { transport: decoded, checksum } : { transport: decoded };
}

/** Decodes the transport header between two offsets without judging its checksum; `depth` counts the ICMP errors around it. */
export function decodeHeader(
  family: Family,
  protocol: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  depth: number,
): Transport | Defect | undefined {
  if (protocol === PROTOCOL.tcp) return decodeTcp(bytes, start, end, total, depth > 0);
  if (protocol === PROTOCOL.udp) return decodeUdp(bytes, start, end, total);
  return decodeOther(family, protocol, view(bytes, start, end), total, depth);
}

function decodeOther(family: Family, protocol: number, payload: Uint8Array, total: number, depth: number): Transport | Defect | undefined {
  const quoted = depth > 0;
  switch (protocol) {
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

/**
 * Judges the checksum of a whole transport packet that has its header: it starts at `start`, has `total` octets, and `end` is where the capture
 * of it ends; `addresses` is the sum of both IP addresses.
 */
export function checksumOf(
  family: Family,
  protocol: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  addresses: number,
): Checksum | undefined {
  const isWhole = end - start >= total;
  switch (protocol) {
    case PROTOCOL.tcp:
      if (!isWhole) return "unseen";
      return transportChecksum(bytes, start, start + total, pseudoSum(addresses, protocol, total), field(bytes, start + TCP_CHECKSUM, end));
    case PROTOCOL.udp: {
      const sent = field(bytes, start + UDP_CHECKSUM, end);
      if (sent === 0) return "absent";
      return isWhole ? transportChecksum(bytes, start, start + total, pseudoSum(addresses, protocol, total), sent) : "unseen";
    }
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6: {
      if (!isWhole) return "unseen";
      const pseudo = family === 6 ? pseudoSum(addresses, protocol, total) : 0;
      return addsUp(bytes, start, start + total, pseudo) ? "good" : "bad";
    }
    case PROTOCOL.sctp:
      return sctpChecksum(view(bytes, start, end), total);
    default:
      return undefined;
  }
}

/** A checksum field; a quoted header may end before it. */
function field(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 <= end) return u16(bytes, at);
  return at < end ? u8(bytes, at) << 8 : 0;
}

function sctpChecksum(payload: Uint8Array, total: number): Checksum {
  if (payload.length < Math.max(total, SCTP_HEADER)) return "unseen";
  const field = u32le(payload, SCTP_CHECKSUM);
  // net/sctp/output.c, sctp_packet_pack leaves zero there when the card is to fill it in.
  if (field === 0) return "partial";
  return sctpCrc(payload, total, SCTP_CHECKSUM) === field ? "good" : "bad";
}
