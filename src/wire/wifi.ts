import { type FrameDraft, hasHeader, type LinkDecoder } from "./frame-draft.ts";
import { decodeLlc } from "./llc.ts";
import { mac, u8, u16le, u32, u32le } from "./octets.ts";

// IEEE 802.11-2020 section 9.2.4.1
const TYPE_MASK = 0x0c;
const DATA = 0x08;
const NO_DATA = 0x40;
const QUALITY = 0x80;
const FLAGS = 1;
const TO_SYSTEM = 0x01;
const FROM_SYSTEM = 0x02;
const PROTECTED = 0x40;
const ORDERED = 0x80;
const FRAGMENT_NUMBER = 22;
const ADDRESS_1 = 4;
const ADDRESS_2 = 10;
const ADDRESS_3 = 16;
const ADDRESS_4 = 24;
const HEADER = 24;
const ADDRESS_LENGTH = 6;
const AGGREGATE = 0x80;
const QUALITY_LENGTH = 2;
const HIGH_THROUGHPUT_LENGTH = 4;

const RADIOTAP_LENGTH = 2;
const RADIOTAP_PRESENT = 4;
const RADIOTAP_HEADER = 8;
const RADIOTAP_TIMER = 1;
const RADIOTAP_FLAGS = 2;
const RADIOTAP_MORE = 0x8000_0000;
const PADDED_HEADER = 0x20;

const PRISM_HEADER = 144;
const AVS_MAGIC = 0x8021_1000;
const AVS_MAGIC_MASK = 0xffff_f000;
const AVS_LENGTH = 4;
const AVS_HEADER = 8;

/** Decodes an IEEE 802.11 frame as far as IP in data that are neither encrypted, aggregated nor a later fragment. */
export function decodeWifi(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  decodeData(frame, bytes, start, end, wireEnd, false);
}

function decodeData(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number, padded: boolean): void {
  if (end - start < 2) {
    frame.defect = "the frame ends within its IEEE 802.11 header";
    return;
  }
  const control = u8(bytes, start);
  if ((control & TYPE_MASK) !== DATA) return;
  const flags = u8(bytes, start + FLAGS);
  const four = (flags & (TO_SYSTEM | FROM_SYSTEM)) === (TO_SYSTEM | FROM_SYSTEM);
  const quality = (control & QUALITY) !== 0;
  const afterAddresses = HEADER + (four ? ADDRESS_LENGTH : 0);
  const plain = afterAddresses + (quality ? QUALITY_LENGTH : 0) + (quality && flags & ORDERED ? HIGH_THROUGHPUT_LENGTH : 0);
  const length = padded ? (plain + 3) & ~3 : plain;
  if (!hasHeader(frame, "IEEE 802.11", length, start, end)) return;
  frame.dstMac = mac(bytes, start + (flags & TO_SYSTEM ? ADDRESS_3 : ADDRESS_1));
  frame.srcMac = mac(bytes, start + (four ? ADDRESS_4 : flags & FROM_SYSTEM ? ADDRESS_3 : ADDRESS_2));
  if (control & NO_DATA || flags & PROTECTED || (u16le(bytes, start + FRAGMENT_NUMBER) & 0xf) !== 0) return;
  if (quality && u8(bytes, start + afterAddresses) & AGGREGATE) return;
  decodeLlc(frame, bytes, start + length, end, wireEnd);
}

/** Decodes LINKTYPE_IEEE802_11_RADIOTAP: what the radio said, then the frame. */
export function decodeRadiotap(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "radiotap", RADIOTAP_HEADER, start, end)) return;
  const length = Math.max(u16le(bytes, start + RADIOTAP_LENGTH), RADIOTAP_HEADER);
  if (!hasHeader(frame, "radiotap", length, start, end)) return;
  const present = u32le(bytes, start + RADIOTAP_PRESENT);
  let at = start + RADIOTAP_PRESENT;
  while (at + 4 <= start + length && u32le(bytes, at) >= RADIOTAP_MORE) at += 4;
  at += 4;
  // Fields are aligned to their size, counted from the start of the header.
  if (present & RADIOTAP_TIMER) at = start + ((at - start + 7) & ~7) + 8;
  const padded = (present & RADIOTAP_FLAGS) !== 0 && at < start + length && (u8(bytes, at) & PADDED_HEADER) !== 0;
  decodeData(frame, bytes, start + length, end, wireEnd, padded);
}

/** Decodes LINKTYPE_PRISM_HEADER: what a Prism II card said, or in its place what AVS drivers say, then the frame. */
export function decodePrism(frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number): void {
  if (!hasHeader(frame, "AVS", AVS_HEADER, start, end)) return;
  const avs = (u32(bytes, start) & AVS_MAGIC_MASK) >>> 0 === AVS_MAGIC;
  const length = avs ? u32(bytes, start + AVS_LENGTH) : PRISM_HEADER;
  if (hasHeader(frame, avs ? "AVS" : "Prism", length, start, end)) decodeWifi(frame, bytes, start + length, end, wireEnd);
}

const PPI_LENGTH = 2;
const PPI_LINK_TYPE = 4;
const PPI_HEADER = 8;

/** A decoder of LINKTYPE_PPI: any number of fields, then a frame of the link type that its header names. */
export function perPacketInformation(decoderOf: (linkType: number) => LinkDecoder): LinkDecoder {
  return (frame, bytes, start, end, wireEnd) => {
    if (!hasHeader(frame, "PPI", PPI_HEADER, start, end)) return;
    const length = Math.max(u16le(bytes, start + PPI_LENGTH), PPI_HEADER);
    if (!hasHeader(frame, "PPI", length, start, end)) return;
    decoderOf(u32le(bytes, start + PPI_LINK_TYPE))(frame, bytes, start + length, end, wireEnd);
  };
}
