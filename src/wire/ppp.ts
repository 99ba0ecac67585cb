import { type FrameDraft, hasHeader } from "./frame-draft.ts";
import { decodeMpls, decodeNetwork, ETH_IPV4, ETH_IPV6 } from "./network.ts";
import { u8, u16 } from "./octets.ts";

const ALL_STATIONS = 0xff03;
const COMPRESSED = 1;
// include/uapi/linux/ppp_defs.h
const PPP_IP = 0x21;
const PPP_IPV6 = 0x57;
const PPP_MPLS = 0x281;
const PPP_MPLS_MULTICAST = 0x283;

const PPPOE_CODE = 1;
const PPPOE_HEADER = 6;
const PPPOE_SESSION_DATA = 0;

const CISCO_UNICAST = 0x0f;
const CISCO_MULTICAST = 0x8f;
const CISCO_TYPE = 2;
const CISCO_HEADER = 4;

const DIRECTION_HEADER = 1;
const SENT: ReadonlySet<number> = new Set([1, 0xff]);

/** Decodes PPP (LINKTYPE_PPP), with or without address and control octets, its protocol compressed to one octet or not (RFC 1661). */
export function decodePpp(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  const at = end - start >= 2 && u16(bytes, start) === ALL_STATIONS ? start + 2 : start;
  const short = at < end && (u8(bytes, at) & COMPRESSED) !== 0;
  if (!hasHeader(frame, "PPP", short ? 1 : 2, at, end)) return;
  const protocol = short ? u8(bytes, at) : u16(bytes, at);
  const data = at + (short ? 1 : 2);
  if (protocol === PPP_IP) decodeNetwork(frame, ETH_IPV4, bytes, data, end, wireEnd);
  else if (protocol === PPP_IPV6) decodeNetwork(frame, ETH_IPV6, bytes, data, end, wireEnd);
  else if (protocol === PPP_MPLS || protocol === PPP_MPLS_MULTICAST) decodeMpls(frame, bytes, data, end, wireEnd);
}

/** Decodes a frame of Cisco's HDLC (LINKTYPE_C_HDLC): address, control and an EtherType. */
export function decodeCiscoHdlc(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "HDLC", CISCO_HEADER, start, end)) return;
  frame.etherType = u16(bytes, start + CISCO_TYPE);
  decodeNetwork(frame, frame.etherType, bytes, start + CISCO_HEADER, end, wireEnd);
}

/** Decodes LINKTYPE_PPP_HDLC: PPP in frames like HDLC's, or Cisco's HDLC, as the address octet tells. */
export function decodePppHdlc(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  const address = u8(bytes, start);
  const cisco = address === CISCO_UNICAST || address === CISCO_MULTICAST;
  (cisco ? decodeCiscoHdlc : decodePpp)(frame, bytes, start, end, wireEnd);
}

/** Decodes a frame of pppd (LINKTYPE_PPP_PPPD): an octet for the direction instead of the address. */
export function decodePppd(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "PPP", 2, start, end)) return;
  if (SENT.has(u8(bytes, start))) frame.type = "outgoing";
  decodePpp(frame, bytes, start + 2, end, wireEnd);
}

/** A decoder for frames that have an octet for the direction in front: 0 received, anything else sent. */
export function withDirection(decode: typeof decodePpp): typeof decodePpp {
  return (frame, bytes, start, end, wireEnd) => {
    if (!hasHeader(frame, "direction", DIRECTION_HEADER, start, end)) return;
    if (u8(bytes, start) !== 0) frame.type = "outgoing";
    decode(frame, bytes, start + DIRECTION_HEADER, end, wireEnd);
  };
}

/** Decodes a PPPoE session packet (RFC 2516), as an EtherType announces it or as LINKTYPE_PPP_ETHER. */
export function decodePppoe(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "PPPoE", PPPOE_HEADER, start, end)) return;
  frame.within = "pppoe";
  if (u8(bytes, start + PPPOE_CODE) !== PPPOE_SESSION_DATA) return;
  decodePpp(frame, bytes, start + PPPOE_HEADER, end, wireEnd);
}
