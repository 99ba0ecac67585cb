import type { FrameDraft } from "./frame-draft.ts";
import { mac, u8, u16, u32 } from "./octets.ts";

const HARDWARE = 0;
const PROTOCOL = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER = 14;
const TARGET_MAC = 18;
const TARGET = 24;
const LENGTH = 28;

// include/uapi/linux/if_arp.h, ARPHRD_ETHER and ARPHRD_IEEE802
const ETHERNET: ReadonlySet<number> = new Set([1, 6]);
const IPV4 = 0x0800;

/** Decodes an ARP message for IPv4 over Ethernet (RFC 826); those for anything else are left alone. */
export function decodeArp(frame: FrameDraft, bytes: Uint8Array, start: number, end: number): void {
  if (end - start < LENGTH) {
    frame.defect = `only ${end - start} of the ${LENGTH} octets of an ARP message are there`;
    return;
  }
  if (!ETHERNET.has(u16(bytes, start + HARDWARE)) || u16(bytes, start + PROTOCOL) !== IPV4) return;
  if (u8(bytes, start + HARDWARE_LENGTH) !== 6 || u8(bytes, start + PROTOCOL_LENGTH) !== 4) return;
  frame.arp = {
    operation: u16(bytes, start + OPERATION),
    senderMac: mac(bytes, start + SENDER_MAC),
    sender: u32(bytes, start + SENDER),
    targetMac: mac(bytes, start + TARGET_MAC),
    target: u32(bytes, start + TARGET),
  };
}
