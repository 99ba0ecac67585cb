import { type FrameDraft, hasHeader } from "./frame-draft.ts";
import { decodeIp } from "./ip.ts";
import { decodeIpv4 } from "./ipv4.ts";
import { decodeIpv6 } from "./ipv6.ts";
import { decodeNetwork, takePacket } from "./network.ts";
import { u8, u16, u32, u32le } from "./octets.ts";

const FAMILY = 4;
const AF_INET = 2;
// Linux, NetBSD and OpenBSD, FreeBSD, Darwin.
const AF_INET6: ReadonlySet<number> = new Set([10, 24, 28, 30]);

/** Decodes a frame that starts with its IP header (LINKTYPE_RAW, LINKTYPE_IPV4, LINKTYPE_IPV6). */
export function decodeRawIp(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  takePacket(frame, decodeIp(bytes, start, end, wireEnd, 0), bytes, start, end);
}

/** Decodes a BSD loopback frame: an address family in either byte order, then IP (LINKTYPE_NULL, LINKTYPE_LOOP). */
export function decodeLoopback(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "loopback", FAMILY, start, end)) return;
  // Families are small numbers, so zeros in front mean network order.
  const family = u8(bytes, start) === 0 && u8(bytes, start + 1) === 0 ? u32(bytes, start) : u32le(bytes, start);
  if (family === AF_INET) takePacket(frame, decodeIpv4(bytes, start + FAMILY, end, wireEnd, 0), bytes, start + FAMILY, end);
  else if (AF_INET6.has(family)) takePacket(frame, decodeIpv6(bytes, start + FAMILY, end, wireEnd, 0), bytes, start + FAMILY, end);
}

const ENC_HEADER = 12;
const SLIP_HEADER = 16;
const SLIP_SENT = 1;
const IPNET_HEADER = 24;
const FIREWIRE_HEADER = 18;
const FIREWIRE_TYPE = 16;

/** Decodes a frame of OpenBSD's enc device (LINKTYPE_ENC): family, SPI and flags, then IP. */
export function decodeEnc(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (hasHeader(frame, "enc", ENC_HEADER, start, end)) decodeRawIp(frame, bytes, start + ENC_HEADER, end, wireEnd);
}

/** Decodes SLIP as captured (LINKTYPE_SLIP): direction and compressed header, then IP. */
export function decodeSlip(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "SLIP", SLIP_HEADER, start, end)) return;
  if (u8(bytes, start) === SLIP_SENT) frame.type = "outgoing";
  decodeRawIp(frame, bytes, start + SLIP_HEADER, end, wireEnd);
}

/** Decodes a frame of Solaris' IP observability devices (LINKTYPE_IPNET). */
export function decodeIpnet(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (hasHeader(frame, "ipnet", IPNET_HEADER, start, end)) decodeRawIp(frame, bytes, start + IPNET_HEADER, end, wireEnd);
}

/** Decodes a frame of IP over FireWire (LINKTYPE_APPLE_IP_OVER_IEEE1394): two addresses of 64 bits and an EtherType. */
export function decodeFireWire(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "FireWire", FIREWIRE_HEADER, start, end)) return;
  frame.etherType = u16(bytes, start + FIREWIRE_TYPE);
  decodeNetwork(frame, frame.etherType, bytes, start + FIREWIRE_HEADER, end, wireEnd);
}
