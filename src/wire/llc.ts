import { type FrameDraft, hasHeader } from "./frame-draft.ts";
import { decodeNetwork, ETH_IPV4, ETH_IPV6 } from "./network.ts";
import { mac, u8, u16, u32 } from "./octets.ts";

const SERVICES = 0;
const SNAP_SERVICES = 0xaaaa;
const IP_SERVICES = 0x0606;
const CONTROL = 2;
const UNNUMBERED = 3;
const LLC_HEADER = 3;
const SNAP_VENDOR = 3;
const SNAP_TYPE = 6;
const SNAP_HEADER = 8;
// Encapsulated Ethernet, and that of RFC 1042 for bridges (802.1H).
const VENDORS: ReadonlySet<number> = new Set([0x000000, 0x0000f8]);

// ISO/IEC TR 9577
const NLPID_SNAP = 0x80;
const NLPID_IPV6 = 0x8e;
const NLPID_IPV4 = 0xcc;
const NLPID_SNAP_HEADER = 6;

const TOKEN_RING_HEADER = 14;
const TOKEN_RING_DESTINATION = 2;
const SOURCE_ROUTED = 0x80;
const ROUTE_LENGTH = 0x1f;
const FDDI_HEADER = 13;
const FDDI_LLC = 0x50;
const FDDI_CLASS = 0xf0;

/** Decodes IP behind a header of IEEE 802.2, with or without SNAP (RFC 1042). */
export function decodeLlc(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "LLC", LLC_HEADER, start, end)) return;
  const services = u16(bytes, start + SERVICES);
  if (u8(bytes, start + CONTROL) !== UNNUMBERED) return;
  if (services === IP_SERVICES) {
    frame.etherType = ETH_IPV4;
    decodeNetwork(frame, ETH_IPV4, bytes, start + LLC_HEADER, end, wireEnd);
  }
  if (services !== SNAP_SERVICES || !hasHeader(frame, "SNAP", SNAP_HEADER, start, end)) return;
  if (!VENDORS.has(u32(bytes, start + SNAP_VENDOR) >>> 8)) return;
  frame.etherType = u16(bytes, start + SNAP_TYPE);
  decodeNetwork(frame, frame.etherType, bytes, start + SNAP_HEADER, end, wireEnd);
}

/** Decodes a Token Ring frame (LINKTYPE_IEEE802_5), past its source route. */
export function decodeTokenRing(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "Token Ring", TOKEN_RING_HEADER, start, end)) return;
  const addresses = start + TOKEN_RING_DESTINATION;
  takeAddresses(frame, bytes, addresses);
  const routed = (u8(bytes, addresses + 6) & SOURCE_ROUTED) !== 0;
  const route = routed ? u8(bytes, start + TOKEN_RING_HEADER) & ROUTE_LENGTH : 0;
  if (routed) frame.srcMac = mac(bytes, addresses + 6) - SOURCE_ROUTED * 2 ** 40;
  decodeLlc(frame, bytes, start + TOKEN_RING_HEADER + route, end, wireEnd);
}

/** Decodes an FDDI frame (LINKTYPE_FDDI) that carries LLC. */
export function decodeFddi(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "FDDI", FDDI_HEADER, start, end)) return;
  takeAddresses(frame, bytes, start + 1);
  if ((u8(bytes, start) & FDDI_CLASS) === FDDI_LLC) decodeLlc(frame, bytes, start + FDDI_HEADER, end, wireEnd);
}

/** Decodes classical IP over ATM (LINKTYPE_ATM_CLIP, RFC 2225): an LLC header, or IP at once. */
export function decodeAtmClip(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (u16(bytes, start) === SNAP_SERVICES) decodeLlc(frame, bytes, start, end, wireEnd);
  else decodeNetwork(frame, u8(bytes, start) >> 4 === 6 ? ETH_IPV6 : ETH_IPV4, bytes, start, end, wireEnd);
}

/** Decodes a Frame Relay frame (LINKTYPE_FRELAY): the encapsulation of RFC 2427, or Cisco's with an EtherType. */
export function decodeFrameRelay(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  let at = start;
  while (at < end && at < start + 4 && (u8(bytes, at) & 1) === 0) at++;
  at++;
  if (!hasHeader(frame, "Frame Relay", 2, at, end)) return;
  if (u8(bytes, at) !== UNNUMBERED) {
    frame.etherType = u16(bytes, at);
    decodeNetwork(frame, frame.etherType, bytes, at + 2, end, wireEnd);
    return;
  }
  at++;
  if (u8(bytes, at) === 0) at++;
  const kind = u8(bytes, at);
  if (kind === NLPID_IPV4) decodeNetwork(frame, ETH_IPV4, bytes, at + 1, end, wireEnd);
  else if (kind === NLPID_IPV6) decodeNetwork(frame, ETH_IPV6, bytes, at + 1, end, wireEnd);
  else if (kind === NLPID_SNAP && hasHeader(frame, "SNAP", NLPID_SNAP_HEADER, at, end)) {
    frame.etherType = u16(bytes, at + 4);
    decodeNetwork(frame, frame.etherType, bytes, at + NLPID_SNAP_HEADER, end, wireEnd);
  }
}

function takeAddresses(frame: FrameDraft, bytes: Uint8Array, at: number): void {
  frame.dstMac = mac(bytes, at);
  frame.srcMac = mac(bytes, at + 6);
}
