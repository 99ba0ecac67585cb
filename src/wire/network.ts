import type { Packet } from "../model/packet.ts";
import { decodeArp } from "./arp.ts";
import type { FrameDraft } from "./frame-draft.ts";
import { decodeIp } from "./ip.ts";
import { decodeIpv4 } from "./ipv4.ts";
import { decodeIpv6 } from "./ipv6.ts";
import { u8 } from "./octets.ts";

// include/uapi/linux/if_ether.h
export const ETH_IPV4 = 0x0800;
const ETH_ARP = 0x0806;
export const ETH_IPV6 = 0x86dd;
const ETH_MPLS = 0x8847;
const ETH_MPLS_MULTICAST = 0x8848;

const LABEL = 4;
const BOTTOM_OF_STACK = 1;
const LABEL_FLAGS = 2;

/** Puts the decoded packet at `at` into its frame; or what is wrong with it, and what can be read all the same. */
export function takePacket(frame: FrameDraft, decoded: Packet | string, bytes: Uint8Array, at: number, end: number): void {
  if (typeof decoded !== "string") {
    frame.packet = decoded;
    return;
  }
  frame.defect = decoded;
  const read = decodeIp(bytes, at, end, Number.POSITIVE_INFINITY, 1);
  if (typeof read !== "string") frame.refused = read;
}

/** Decodes what an EtherType announces when it is IP, ARP or IP behind MPLS labels; anything else is left alone. */
export function decodeNetwork(frame: FrameDraft, etherType: number, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (etherType === ETH_IPV4) takePacket(frame, decodeIpv4(bytes, start, end, wireEnd, 0), bytes, start, end);
  else if (etherType === ETH_IPV6) takePacket(frame, decodeIpv6(bytes, start, end, wireEnd, 0), bytes, start, end);
  else if (etherType === ETH_ARP) decodeArp(frame, bytes, start, end);
  else if (etherType === ETH_MPLS || etherType === ETH_MPLS_MULTICAST) decodeMpls(frame, bytes, start, end, wireEnd);
}

/** Decodes the IP packet behind a stack of MPLS labels (RFC 3032), told by its version as nothing else does. */
export function decodeMpls(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  frame.within = "mpls";
  let at = start;
  while (at + LABEL <= end && (u8(bytes, at + LABEL_FLAGS) & BOTTOM_OF_STACK) === 0) at += LABEL;
  at += LABEL;
  if (at > end) {
    frame.defect = "the frame ends within its MPLS labels";
    return;
  }
  const version = at < end ? u8(bytes, at) >> 4 : 0;
  if (version === 4) takePacket(frame, decodeIpv4(bytes, at, end, wireEnd, 0), bytes, at, end);
  else if (version === 6) takePacket(frame, decodeIpv6(bytes, at, end, wireEnd, 0), bytes, at, end);
}
