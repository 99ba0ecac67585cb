import { decodeByEtherType, decodeEthernet } from "./ethernet.ts";
import { type FrameDraft, hasHeader, type LinkDecoder } from "./frame-draft.ts";
import { mac, u16 } from "./octets.ts";

const ADDRESSES = 12;
const TYPE_LENGTH = 2;

/** A decoder of Ethernet frames that have a switch's tag of some octets between addresses and EtherType (LINKTYPE_DSA_TAG_…). */
export function taggedBySwitch(tag: number): LinkDecoder {
  return (frame: FrameDraft, bytes, start, end, wireEnd) => {
    const header = ADDRESSES + tag + TYPE_LENGTH;
    if (!hasHeader(frame, "Ethernet", header, start, end)) return;
    frame.dstMac = mac(bytes, start);
    frame.srcMac = mac(bytes, start + 6);
    decodeByEtherType(frame, u16(bytes, start + ADDRESSES + tag), bytes, start + header, end, wireEnd);
  };
}

/** A decoder of Ethernet frames behind a switch's tag of some octets. */
export function prependedBySwitch(tag: number): LinkDecoder {
  return (frame, bytes, start, end, wireEnd) => {
    if (hasHeader(frame, "switch tag", tag, start, end)) decodeEthernet(frame, bytes, start + tag, end, wireEnd);
  };
}
