import type { FrameType } from "../model/packet.ts";
import { decodeByEtherType, LONGEST_LENGTH } from "./ethernet.ts";
import { type FrameDraft, hasHeader } from "./frame-draft.ts";
import { decodeLlc } from "./llc.ts";
import { ETH_IPV4 } from "./network.ts";
import { mac, macOf, u16, wordsOf } from "./octets.ts";

// LINKTYPE_LINUX_SLL
const SLL_TYPE = 0;
const SLL_DEVICE_TYPE = 2;
const SLL_ADDRESS_LENGTH = 4;
const SLL_ADDRESS = 6;
const SLL_PROTOCOL = 14;
const SLL_HEADER = 16;

// LINKTYPE_LINUX_SLL2
const SLL2_PROTOCOL = 0;
const SLL2_INTERFACE = 4;
const SLL2_DEVICE_TYPE = 8;
const SLL2_TYPE = 10;
const SLL2_ADDRESS_LENGTH = 11;
const SLL2_ADDRESS = 12;
const SLL2_HEADER = 20;

// include/uapi/linux/if_ether.h: a number in the place of an EtherType that says that an LLC header follows.
const ETH_P_802_2 = 4;

const TYPES: readonly FrameType[] = ["host", "broadcast", "multicast", "otherhost", "outgoing"];
const MAC_LENGTH = 6;
// include/uapi/linux/if_arp.h
const ETHERNET = 1;
const LOOPBACK = 772;
// include/uapi/linux/if_arp.h: of these devices the protocol field is no EtherType.
function hasEtherType(device: number): boolean {
  return device < 770 || (device !== 770 && device !== 801 && device !== 802 && device !== 803 && device !== 824);
}

/** The kernel's packet type (include/uapi/linux/if_packet.h) by its number. */
export function frameType(number: number): FrameType | undefined {
  return TYPES[number];
}

/** Decodes a cooked capture frame as `tcpdump -i any` writes it before 4.99. */
export function decodeLinuxSll(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "LINUX_SLL", SLL_HEADER, start, end)) return;
  takeType(frame, u16(bytes, start + SLL_TYPE));
  if (u16(bytes, start + SLL_ADDRESS_LENGTH) === MAC_LENGTH) frame.srcMac = mac(bytes, start + SLL_ADDRESS);
  if (!hasEtherType(u16(bytes, start + SLL_DEVICE_TYPE))) return;
  decodeProtocol(frame, u16(bytes, start + SLL_PROTOCOL), bytes, start + SLL_HEADER, end, wireEnd);
}

/** Decodes a cooked capture frame as `tcpdump -i any` writes it since 4.99: with the device's index. */
export function decodeLinuxSll2(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "LINUX_SLL2", SLL2_HEADER, start, end)) return;
  const words = wordsOf(bytes);
  takeType(frame, words.getUint8(start + SLL2_TYPE));
  frame.interfaceIndex = words.getUint32(start + SLL2_INTERFACE);
  if (words.getUint8(start + SLL2_ADDRESS_LENGTH) === MAC_LENGTH) frame.srcMac = mac(bytes, start + SLL2_ADDRESS);
  if (!hasEtherType(words.getUint16(start + SLL2_DEVICE_TYPE))) return;
  decodeProtocol(frame, words.getUint16(start + SLL2_PROTOCOL), bytes, start + SLL2_HEADER, end, wireEnd);
}

/** Reads the header in front of IPv4 as `glanceEthernet` does, of a device with Ethernet addresses. */
export function glanceLinuxSll(frame: FrameDraft, words: DataView, start: number, captured: number): number {
  if (captured < SLL_HEADER || words.getUint16(start + SLL_PROTOCOL) !== ETH_IPV4) return -1;
  const type = frameType(words.getUint16(start + SLL_TYPE));
  if (!type || !isEthernet(words.getUint16(start + SLL_DEVICE_TYPE)) || words.getUint16(start + SLL_ADDRESS_LENGTH) !== MAC_LENGTH)
    return -1;
  frame.type = type;
  frame.srcMac = macOf(words, start + SLL_ADDRESS);
  frame.etherType = ETH_IPV4;
  return SLL_HEADER;
}

/** The same of the newer header. */
export function glanceLinuxSll2(frame: FrameDraft, words: DataView, start: number, captured: number): number {
  if (captured < SLL2_HEADER || words.getUint16(start + SLL2_PROTOCOL) !== ETH_IPV4) return -1;
  const type = frameType(words.getUint8(start + SLL2_TYPE));
  if (!type || !isEthernet(words.getUint16(start + SLL2_DEVICE_TYPE)) || words.getUint8(start + SLL2_ADDRESS_LENGTH) !== MAC_LENGTH)
    return -1;
  frame.type = type;
  frame.interfaceIndex = words.getUint32(start + SLL2_INTERFACE);
  frame.srcMac = macOf(words, start + SLL2_ADDRESS);
  frame.etherType = ETH_IPV4;
  return SLL2_HEADER;
}

/** Whether frames of a device are Ethernet's, the loopback's among them. */
function isEthernet(device: number): boolean {
  return device === ETHERNET || device === LOOPBACK;
}

function decodeProtocol(frame: FrameDraft, protocol: number, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (protocol > LONGEST_LENGTH) decodeByEtherType(frame, protocol, bytes, start, end, wireEnd);
  else if (protocol === ETH_P_802_2) {
    frame.within = "llc";
    decodeLlc(frame, bytes, start, end, wireEnd);
  }
}

function takeType(frame: FrameDraft, number: number): void {
  const type = frameType(number);
  if (type) frame.type = type;
}
