import type { Packet } from "../model/packet.ts";
import { decodeIpv4 } from "./ipv4.ts";
import { decodeIpv6 } from "./ipv6.ts";
import { u8 } from "./octets.ts";

/** A packet, or in words why it could not be decoded. */
export interface DecodedPacket {
  readonly packet?: Packet;
  readonly defect?: string;
}

/** Decodes an IPv4 or IPv6 packet of which the wire carried `wireLength` octets. */
export function decodePacket(bytes: Uint8Array, wireLength: number = bytes.length): DecodedPacket {
  const decoded = decodeIp(bytes, 0, bytes.length, Math.max(wireLength, bytes.length), 0);
  return typeof decoded === "string" ? { defect: decoded } : { packet: decoded };
}

/** Decodes the IP packet at `start` by its version; `end` is where the capture of it ends, `wireEnd` where the wire did. */
export function decodeIp(bytes: Uint8Array, start: number, end: number, wireEnd: number, depth: number): Packet | string {
  if (end <= start) return "the frame ends where the IP header should start";
  const version = u8(bytes, start) >> 4;
  if (version === 4) return decodeIpv4(bytes, start, end, wireEnd, depth);
  if (version === 6) return decodeIpv6(bytes, start, end, wireEnd, depth);
  return `IP version ${version}, expected 4 or 6`;
}

/** In words, that a fixed header is not all there, and whose fault it is. */
export function headerMissing(name: string, needed: number, captured: number, wire: number): string {
  return wire < needed
    ? `the ${name} header takes ${needed} octets, the frame has ${wire} left`
    : `only ${captured} of the ${needed} octets of the ${name} header were captured`;
}
