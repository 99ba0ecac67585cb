import type { Checksum, Fragment, Packet, Transport } from "../model/packet.ts";
import { addsUp, sum16 } from "./checksum.ts";
import { headerMissing } from "./ip.ts";
import { u8, u16, u32, view } from "./octets.ts";
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

const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

/** A class has room in its objects for what is added, where a literal needs another object for that. */
class Ipv4Packet implements Packet {
  readonly family = 4;
  readonly src: number;
  readonly dst: number;
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  readonly length: number;
  readonly headerLength: number;
  readonly id: number;
  readonly dontFragment: boolean;
  headerChecksum: Checksum = "good";
  readonly payload: Uint8Array;
  declare ipOptions?: Uint8Array;
  declare fragment?: Fragment;
  declare defect?: Defect;
  declare transport?: Transport;
  declare checksum?: Checksum;

  constructor(bytes: Uint8Array, start: number, length: number, headerLength: number, payload: Uint8Array) {
    this.src = u32(bytes, start + SOURCE);
    this.dst = u32(bytes, start + DESTINATION);
    this.protocol = u8(bytes, start + PROTOCOL);
    this.ttl = u8(bytes, start + TTL);
    this.tos = u8(bytes, start + TOS);
    this.length = length;
    this.headerLength = headerLength;
    this.id = u16(bytes, start + ID);
    this.dontFragment = (u16(bytes, start + FRAGMENT) & DONT_FRAGMENT) !== 0;
    this.payload = payload;
  }
}

/** Decodes an IPv4 packet (RFC 791), or says in words which check of net/ipv4/ip_input.c, ip_rcv_core it fails. */
export function decodeIpv4(bytes: Uint8Array, start: number, end: number, wireEnd: number, depth: number): Packet | string {
  const onWire = wireEnd - start;
  if (end - start < HEADER) return headerMissing("IPv4", HEADER, end - start, onWire);
  const version = u8(bytes, start) >> 4;
  if (version !== 4) return `IP version ${version} where IPv4 was announced`;
  const headerLength = (u8(bytes, start) & 0xf) * 4;
  if (headerLength < HEADER) return `IPv4 header length ${headerLength}, at least ${HEADER} expected`;
  // Segmentation offload leaves the total length 0 when it does not fit or the card is to fill it in.
  const length = u16(bytes, start + TOTAL_LENGTH) || Math.min(onWire, depth > 0 ? end - start : onWire);
  if (length < headerLength) return `IPv4 total length ${length} is less than its header's ${headerLength}`;
  if (length > onWire) return `IPv4 total length ${length}, but the frame has only ${onWire} octets left`;

  const bodyStart = Math.min(start + headerLength, end);
  const bodyEnd = Math.min(start + length, end);
  const payload = view(bytes, bodyStart, bodyEnd);
  const packet = new Ipv4Packet(bytes, start, length, headerLength, payload);
  if (start + headerLength > end) packet.headerChecksum = "unseen";
  else if (!addsUp(bytes, start, start + headerLength)) packet.headerChecksum = "bad";
  if (headerLength > HEADER) packet.ipOptions = view(bytes, start + OPTIONS, bodyStart);
  const fragment = u16(bytes, start + FRAGMENT);
  const { protocol } = packet;
  const offset = (fragment & FRAGMENT_OFFSET) * 8;
  const more = (fragment & MORE_FRAGMENTS) !== 0;
  if (more || offset > 0) packet.fragment = { offset, more };
  if (offset > 0) return packet;

  const total = length - headerLength;
  const transport = decodeHeader(4, protocol, payload, total, depth);
  if (transport === undefined) return packet;
  if (typeof transport === "string") {
    packet.defect = transport;
    return packet;
  }
  packet.transport = transport;
  const addresses = more ? 0 : sum16(bytes, start + SOURCE, start + OPTIONS);
  const checksum = more ? "unseen" : checksumOf(4, protocol, bytes, bodyStart, bodyEnd, total, addresses);
  if (checksum) packet.checksum = checksum;
  return packet;
}
