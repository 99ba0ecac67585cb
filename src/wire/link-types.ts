import { decodeEthernet } from "./ethernet.ts";
import type { LinkDecoder } from "./frame-draft.ts";
import { decodeLinuxSll, decodeLinuxSll2 } from "./linux-sll.ts";
import { decodeLoopback, decodeRawIp } from "./raw-ip.ts";

/** A link type of the pcap registry (www.tcpdump.org/linktypes.html) and how its frames are decoded. */
export interface LinkType {
  readonly name: string;
  readonly decode: LinkDecoder;
}

const RAW: LinkType = { name: "RAW", decode: decodeRawIp };

const LINK_TYPES: ReadonlyMap<number, LinkType> = new Map([
  [0, { name: "NULL", decode: decodeLoopback }],
  [1, { name: "EN10MB", decode: decodeEthernet }],
  // DLT_RAW of Linux and OpenBSD, written by tools that do not translate it.
  [12, RAW],
  [14, RAW],
  [101, RAW],
  [108, { name: "LOOP", decode: decodeLoopback }],
  [113, { name: "LINUX_SLL", decode: decodeLinuxSll }],
  [228, { name: "IPV4", decode: decodeRawIp }],
  [229, { name: "IPV6", decode: decodeRawIp }],
  [276, { name: "LINUX_SLL2", decode: decodeLinuxSll2 }],
]);

const OTHER_NAMES: ReadonlyMap<number, string> = new Map([
  [6, "IEEE802_5"],
  [8, "SLIP"],
  [9, "PPP"],
  [10, "FDDI"],
  [50, "PPP_HDLC"],
  [51, "PPP_ETHER"],
  [104, "C_HDLC"],
  [105, "IEEE802_11"],
  [107, "FRELAY"],
  [119, "PRISM_HEADER"],
  [127, "IEEE802_11_RADIOTAP"],
  [147, "USER0"],
  [189, "USB_LINUX"],
  [192, "PPI"],
  [195, "IEEE802_15_4_WITHFCS"],
  [201, "BLUETOOTH_HCI_H4_WITH_PHDR"],
  [220, "USB_LINUX_MMAPPED"],
  [231, "DBUS"],
  [239, "NFLOG"],
  [249, "USBPCAP"],
  [253, "NETLINK"],
  [271, "VSOCK_MONITOR"],
]);

/** The link type of a number, if its frames can be decoded. */
export function linkType(number: number): LinkType | undefined {
  return LINK_TYPES.get(number);
}

/** A link type that cannot be decoded, in words. */
export function describeLinkType(number: number): string {
  const name = OTHER_NAMES.get(number);
  return name ? `${number} (${name})` : String(number);
}

/** Names of the link types that can be decoded. */
export function linkTypeNames(): readonly string[] {
  return [...new Set([...LINK_TYPES.values()].map((type) => type.name))];
}
