import type { Mutable } from "../model/mutable.ts";
import type { Checksum, Fragment, Packet, Transport } from "../model/packet.ts";
import { addsUp, wordSum } from "./checksum.ts";
import { headerMissing } from "./ip.ts";
import { view, wordsOf } from "./octets.ts";
import { checksumOf, type Defect, decodeHeader } from "./transport.ts";

const TOS = 1;
const TOTAL_LENGTH = 2;
const ID = 4;
const FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const SOURCE = 12;
const DESTINATION = 16;
const OPTIONS = 20;
const HEADER = 20;
/** Octets of a header without options. */
export const PLAIN_HEADER = HEADER;
const PLAIN_VERSION = 0x45;

const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
const ANY_FRAGMENT = MORE_FRAGMENTS | FRAGMENT_OFFSET;

/** A class has room in its objects for what is added, where a literal needs another object for that. */
class Ipv4Packet implements Packet {
  // Only declared, or all would be set to undefined first.
  declare readonly family: 4;
  declare readonly src: number;
  declare readonly dst: number;
  declare readonly protocol: number;
  declare readonly ttl: number;
  declare readonly tos: number;
  declare readonly length: number;
  declare readonly headerLength: number;
  declare readonly id: number;
  declare readonly dontFragment: boolean;
  declare headerChecksum: Checksum;
  declare readonly payload: Uint8Array;
  declare ipOptions?: Uint8Array;
  declare fragment?: Fragment;
  declare defect?: Defect;
  declare transport?: Transport;
  declare checksum?: Checksum;

  constructor(words: DataView, start: number, length: number, headerLength: number, payload: Uint8Array) {
    this.family = 4;
    glanceIpv4(this, words, start);
    this.protocol = protocolOf(words, start);
    this.length = length;
    this.headerLength = headerLength;
    this.headerChecksum = "good";
    this.payload = payload;
  }
}

/**
 * Length of the packet whose header is at `start`, if that has no options and no mistake, and if it is no fragment; 0 otherwise. `end` is
 * where the capture of it ends, `wireEnd` where the wire did.
 */
export function plainLength(words: DataView, start: number, end: number, wireEnd: number): number {
  if (end - start < HEADER || words.getUint8(start) !== PLAIN_VERSION) return 0;
  const length = words.getUint16(start + TOTAL_LENGTH);
  const isPlain = length >= HEADER && length <= wireEnd - start && (words.getUint16(start + FRAGMENT) & ANY_FRAGMENT) === 0;
  return isPlain && plainAddsUp(words, start) ? length : 0;
}

/** The protocol that the header at `start` names. */
export function protocolOf(words: DataView, start: number): number {
  return words.getUint8(start + PROTOCOL);
}

/** What every header has. */
type PlainPacket = Mutable<Required<Pick<Packet, "src" | "dst" | "ttl" | "tos" | "length" | "id" | "dontFragment">>>;

/** Reads into a packet what the header at `start` says beside its protocol, options and whether it is a fragment; the length as it stands. */
export function glanceIpv4(packet: PlainPacket, words: DataView, start: number): void {
  packet.src = words.getUint32(start + SOURCE);
  packet.dst = words.getUint32(start + DESTINATION);
  packet.ttl = words.getUint8(start + TTL);
  packet.tos = words.getUint8(start + TOS);
  packet.length = words.getUint16(start + TOTAL_LENGTH);
  packet.id = words.getUint16(start + ID);
  packet.dontFragment = (words.getUint16(start + FRAGMENT) & DONT_FRAGMENT) !== 0;
}

/** Decodes an IPv4 packet (RFC 791), or says in words which check of net/ipv4/ip_input.c, ip_rcv_core it fails. */
export function decodeIpv4(bytes: Uint8Array, start: number, end: number, wireEnd: number, depth: number): Packet | string {
  const onWire = wireEnd - start;
  if (end - start < HEADER) return headerMissing("IPv4", HEADER, end - start, onWire);
  const words = wordsOf(bytes);
  const version = words.getUint8(start) >> 4;
  if (version !== 4) return `IP version ${version} where IPv4 was announced`;
  const headerLength = (words.getUint8(start) & 0xf) * 4;
  if (headerLength < HEADER) return `IPv4 header length ${headerLength}, at least ${HEADER} expected`;
  // Segmentation offload leaves the total length 0 when it does not fit or the card is to fill it in.
  const length = words.getUint16(start + TOTAL_LENGTH) || Math.min(onWire, depth > 0 ? end - start : onWire);
  if (length < headerLength) return `IPv4 total length ${length} is less than its header's ${headerLength}`;
  if (length > onWire) return `IPv4 total length ${length}, but the frame has only ${onWire} octets left`;

  const bodyStart = Math.min(start + headerLength, end);
  const bodyEnd = Math.min(start + length, end);
  const payload = view(bytes, bodyStart, bodyEnd);
  const packet = new Ipv4Packet(words, start, length, headerLength, payload);
  if (start + headerLength > end) packet.headerChecksum = "unseen";
  else if (!(headerLength === HEADER ? plainAddsUp(words, start) : addsUp(bytes, start, start + headerLength)))
    packet.headerChecksum = "bad";
  if (headerLength > HEADER) packet.ipOptions = view(bytes, start + OPTIONS, bodyStart);
  const fragment = words.getUint16(start + FRAGMENT);
  const { protocol, src, dst } = packet;
  const offset = (fragment & FRAGMENT_OFFSET) * 8;
  const more = (fragment & MORE_FRAGMENTS) !== 0;
  if (more || offset > 0) packet.fragment = { offset, more };
  if (offset > 0) return packet;

  const total = length - headerLength;
  const transport = decodeHeader(4, protocol, bytes, bodyStart, bodyEnd, total, depth);
  if (transport === undefined) return packet;
  if (typeof transport === "string") {
    packet.defect = transport;
    return packet;
  }
  packet.transport = transport;
  const checksum = more ? "unseen" : checksumOf(4, protocol, bytes, bodyStart, bodyEnd, total, wordSum(src) + wordSum(dst));
  if (checksum) packet.checksum = checksum;
  return packet;
}

/** Whether a header without options adds up to all ones, with its checksum. */
function plainAddsUp(words: DataView, start: number): boolean {
  let sum = 0;
  for (let at = start; at < start + HEADER; at += 4) sum += wordSum(words.getUint32(at));
  return sum % 0xffff === 0 && sum > 0;
}
