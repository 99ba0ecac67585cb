import type { VlanTag } from "../model/packet.ts";
import { type FrameDraft, hasHeader } from "./frame-draft.ts";
import { decodeLlc } from "./llc.ts";
import { decodeNetwork, ETH_IPV4 } from "./network.ts";
import { mac, macOf, u16 } from "./octets.ts";
import { decodePppoe } from "./ppp.ts";

const DESTINATION = 0;
const SOURCE = 6;
const TYPE = 12;
const HEADER = 14;

const TAG = 4;
const TAG_TYPE = 2;
const VLAN_ID = 0xfff;
const VLAN_PRIORITY_SHIFT = 13;

// include/linux/if_vlan.h, eth_type_vlan
const ETH_8021Q = 0x8100;
const ETH_8021AD = 0x88a8;
const ETH_PPPOE_SESSION = 0x8864;
/** Up to here the field is the length of an IEEE 802.3 frame (include/uapi/linux/if_ether.h, ETH_P_802_3_MIN). */
export const LONGEST_LENGTH = 0x5ff;

/** Decodes an Ethernet II frame (LINKTYPE_ETHERNET). */
export function decodeEthernet(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "Ethernet", HEADER, start, end)) return;
  frame.dstMac = mac(bytes, start + DESTINATION);
  frame.srcMac = mac(bytes, start + SOURCE);
  decodeByEtherType(frame, u16(bytes, start + TYPE), bytes, start + HEADER, end, wireEnd);
}

/** Reads the Ethernet header in front of IPv4 into a frame that is used again, and says how long it is; -1 where there is something else. */
export function glanceEthernet(frame: FrameDraft, words: DataView, start: number, captured: number): number {
  if (captured < HEADER || words.getUint16(start + TYPE) !== ETH_IPV4) return -1;
  frame.dstMac = macOf(words, start + DESTINATION);
  frame.srcMac = macOf(words, start + SOURCE);
  frame.etherType = ETH_IPV4;
  return HEADER;
}

/** Decodes what an EtherType announces: any number of VLAN tags, then IP, ARP, MPLS, PPPoE or LLC; anything else is left alone. */
export function decodeByEtherType(
  frame: FrameDraft,
  announced: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
): void {
  let etherType = announced;
  let at = start;
  if (etherType === ETH_8021Q || etherType === ETH_8021AD) {
    const vlans: VlanTag[] = [];
    frame.vlans = vlans;
    while (etherType === ETH_8021Q || etherType === ETH_8021AD) {
      if (!hasHeader(frame, "VLAN", TAG, at, end)) return;
      const control = u16(bytes, at);
      vlans.push({ id: control & VLAN_ID, priority: control >> VLAN_PRIORITY_SHIFT, protocol: etherType });
      etherType = u16(bytes, at + TAG_TYPE);
      at += TAG;
    }
  }
  if (etherType <= LONGEST_LENGTH) {
    frame.within = "llc";
    decodeLlc(frame, bytes, at, Math.min(end, at + etherType), Math.min(wireEnd, at + etherType));
    return;
  }
  frame.etherType = etherType;
  if (etherType === ETH_PPPOE_SESSION) decodePppoe(frame, bytes, at, end, wireEnd);
  else decodeNetwork(frame, etherType, bytes, at, end, wireEnd);
}
