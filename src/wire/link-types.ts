import { decodeEthernet, glanceEthernet } from "./ethernet.ts";
import type { FrameDraft, LinkDecoder } from "./frame-draft.ts";
import { OTHER_LINK_TYPES } from "./link-type-names.ts";
import { decodeLinuxSll, decodeLinuxSll2, glanceLinuxSll, glanceLinuxSll2 } from "./linux-sll.ts";
import { decodeAtmClip, decodeFddi, decodeFrameRelay, decodeLlc, decodeTokenRing } from "./llc.ts";
import { decodeNflog, decodePflog } from "./logged.ts";
import { decodeCiscoHdlc, decodePpp, decodePppd, decodePppHdlc, decodePppoe, withDirection } from "./ppp.ts";
import { decodeEnc, decodeFireWire, decodeIpnet, decodeLoopback, decodeRawIp, decodeSlip } from "./raw-ip.ts";
import { prependedBySwitch, taggedBySwitch } from "./switch-tag.ts";
import { decodePrism, decodeRadiotap, decodeWifi, perPacketInformation } from "./wifi.ts";

/** A link type of the pcap registry (www.tcpdump.org/linktypes.html) and how its frames are decoded. */
export interface LinkType {
  readonly name: string;
  readonly decode: LinkDecoder;
  readonly glance?: LinkGlance;
}

/** Reads a link header in front of IPv4 into a frame that is used again, and says how long it is; -1 where there is something else. */
export type LinkGlance = (frame: FrameDraft, words: DataView, start: number, captured: number) => number;

const PPI = 192;

const DECODERS: readonly (readonly [number, string, LinkDecoder, LinkGlance?])[] = [
  [0, "NULL", decodeLoopback],
  [1, "EN10MB", decodeEthernet, glanceEthernet],
  [6, "IEEE802_5", decodeTokenRing],
  [8, "SLIP", decodeSlip],
  [9, "PPP", decodePpp],
  [10, "FDDI", decodeFddi],
  // DLT_ATM_RFC1483, DLT_RAW of Linux and OpenBSD and DLT_ATM_CLIP, written by tools that do not translate them.
  [11, "ATM_RFC1483", decodeLlc],
  [12, "RAW", decodeRawIp],
  [14, "RAW", decodeRawIp],
  [19, "ATM_CLIP", decodeAtmClip],
  [50, "PPP_HDLC", decodePppHdlc],
  [51, "PPP_ETHER", decodePppoe],
  [100, "ATM_RFC1483", decodeLlc],
  [101, "RAW", decodeRawIp],
  [104, "C_HDLC", decodeCiscoHdlc],
  [105, "IEEE802_11", decodeWifi],
  [106, "ATM_CLIP", decodeAtmClip],
  [107, "FRELAY", decodeFrameRelay],
  [108, "LOOP", decodeLoopback],
  [109, "ENC", decodeEnc],
  [113, "LINUX_SLL", decodeLinuxSll, glanceLinuxSll],
  [117, "PFLOG", decodePflog],
  [119, "PRISM_HEADER", decodePrism],
  [127, "IEEE802_11_RADIOTAP", decodeRadiotap],
  [138, "APPLE_IP_OVER_IEEE1394", decodeFireWire],
  [163, "IEEE802_11_AVS", decodePrism],
  [166, "PPP_PPPD", decodePppd],
  [PPI, "PPI", perPacketInformation((number) => (number === PPI ? leaveAlone : linkType(number).decode))],
  [204, "PPP_WITH_DIR", withDirection(decodePpp)],
  [205, "C_HDLC_WITH_DIR", withDirection(decodeCiscoHdlc)],
  [206, "FRELAY_WITH_DIR", withDirection(decodeFrameRelay)],
  [226, "IPNET", decodeIpnet],
  [228, "IPV4", decodeRawIp],
  [229, "IPV6", decodeRawIp],
  [239, "NFLOG", decodeNflog],
  [276, "LINUX_SLL2", decodeLinuxSll2, glanceLinuxSll2],
  [281, "DSA_TAG_BRCM", taggedBySwitch(4)],
  [282, "DSA_TAG_BRCM_PREPEND", prependedBySwitch(4)],
  [284, "DSA_TAG_DSA", taggedBySwitch(4)],
  [285, "DSA_TAG_EDSA", taggedBySwitch(8)],
];
const LINK_TYPES: ReadonlyMap<number, LinkType> = new Map(
  DECODERS.map(([number, name, decode, glance]) => [number, glance ? { name, decode, glance } : { name, decode }]),
);

/** The link type of a number; frames of one that is not known carry nothing. */
export function linkType(number: number): LinkType {
  return LINK_TYPES.get(number) ?? { name: OTHER_LINK_TYPES.get(number) ?? String(number), decode: leaveAlone };
}

/** Names of the link types that can be decoded. */
export function linkTypeNames(): readonly string[] {
  return [...new Set([...LINK_TYPES.values()].map((type) => type.name))];
}

function leaveAlone(): void {
  // Nothing is known of what is in it.
}
