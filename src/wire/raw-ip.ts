import { takePacket } from "./ethernet.ts";
import { type FrameDraft, hasHeader } from "./frame-draft.ts";
import { decodeIp } from "./ip.ts";
import { decodeIpv4 } from "./ipv4.ts";
import { decodeIpv6 } from "./ipv6.ts";
import { u8, u32, u32le } from "./octets.ts";

const FAMILY = 4;
const AF_INET = 2;
// Linux, NetBSD and OpenBSD, FreeBSD, Darwin.
const AF_INET6: ReadonlySet<number> = new Set([10, 24, 28, 30]);

/** Decodes a frame that starts with its IP header (LINKTYPE_RAW, LINKTYPE_IPV4, LINKTYPE_IPV6). */
export function decodeRawIp(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  takePacket(frame, decodeIp(bytes, start, end, wireEnd, 0));
}

/** Decodes a BSD loopback frame: an address family in either byte order, then IP (LINKTYPE_NULL, LINKTYPE_LOOP). */
export function decodeLoopback(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "loopback", FAMILY, start, end)) return;
  // Families are small numbers, so zeros in front mean network order.
  const family = u8(bytes, start) === 0 && u8(bytes, start + 1) === 0 ? u32(bytes, start) : u32le(bytes, start);
  if (family === AF_INET) takePacket(frame, decodeIpv4(bytes, start + FAMILY, end, wireEnd, 0));
  else if (AF_INET6.has(family)) takePacket(frame, decodeIpv6(bytes, start + FAMILY, end, wireEnd, 0));
}
