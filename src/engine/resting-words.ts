import type { Address } from "../model/address.ts";
import { Connection, type FlowTuple } from "./connection.ts";
import { INDICES, TCP_STATES, type TcpSide, type TcpTracking } from "./tcp-segment.ts";
import { DEFAULT_ZONE } from "./zone.ts";

/** The 32-bit words of a row. */
const ID = 0;
/** Its zone, and the device whose address was taken, 16 bits each. */
const ZONE = 2;
const BITS = 3;
const MARK = 4;
const FLOW = 5;
/** When it runs out, in nanoseconds since the epoch: the lower word, then the upper one. */
export const EXPIRES = 6;
const STREAM = 8;
const STATE = 10;
const SIDES = 11;
const SIDE = 6;
const LAST = 23;
const ORIGINAL = 28;

/** How rows are laid out: how many words an address takes. */
export interface Layout {
  readonly address: 1 | 4;
}

/** The rows of connections of IPv4, and of IPv6. */
export const NARROW: Layout = { address: 1 };
export const WIDE: Layout = { address: 4 };

/** How many words a row has. */
export function widthOf(layout: Layout): number {
  return ORIGINAL + 2 * tupleWidth(layout);
}

function tupleWidth({ address }: Layout): number {
  return 2 * address + 1;
}

function replyOf(layout: Layout): number {
  return ORIGINAL + tupleWidth(layout);
}

/** Bits beside the protocol. */
const SRC_NAT = 1 << 8;
const DST_NAT = 1 << 9;
const SRC_NAT_DONE = 1 << 10;
const DST_NAT_DONE = 1 << 11;
const TCP = 1 << 12;
const OLD: readonly [number, number] = [1 << 13, 1 << 14];
const ANSWER_LAST = 1 << 15;
const SEEN_REPLY = 1 << 16;
const ASSURED = 1 << 17;
const PROTOCOL_BITS = 0xff;

const ZONES = 0xffff;
const MOST_DEVICES = 0x7fff;

const WORD = 2 ** 32;
const PORTS = 2 ** 16;
/** The lower word of a number of 64 bits. */
export const LOW = 0xffff_ffffn;
const LONG = 0xffff_ffff_ffff_ffffn;

/** Numbers of devices, from 1 on. */
export class Devices {
  readonly #names: string[] = [];

  numberOf(name: string): number {
    const known = this.#names.indexOf(name);
    return known < 0 ? this.#names.push(name) : known + 1;
  }

  /** Undefined for 0. */
  nameOf(number: number): string | undefined {
    return this.#names[number - 1];
  }
}

/** Writes a connection into the words of a row; false when something of it has no place there. */
export function pack(connection: Connection, words: Int32Array, row: number, layout: Layout, devices: Devices): boolean {
  const { id, zone, original, reply, mark, flow = 0, expires, streamFrom, tcp, srcNat, dstNat, srcNatDone, dstNatDone } = connection;
  const device = connection.masqueradedOn === undefined ? 0 : devices.numberOf(connection.masqueradedOn);
  let bits = original.protocol;
  if (connection.seenReply) bits |= SEEN_REPLY;
  if (connection.assured) bits |= ASSURED;
  if (srcNat) bits |= SRC_NAT;
  if (dstNat) bits |= DST_NAT;
  if (srcNatDone) bits |= SRC_NAT_DONE;
  if (dstNatDone) bits |= DST_NAT_DONE;
  words[row + ID] = id;
  words[row + ID + 1] = Math.floor(id / WORD);
  words[row + ZONE] = zone.id | (device << 16);
  words[row + MARK] = mark;
  words[row + FLOW] = flow;
  writeLong(words, row + EXPIRES, expires);
  writeLong(words, row + STREAM, streamFrom);
  if (!writeTuple(words, row + ORIGINAL, layout, original) || !writeTuple(words, row + replyOf(layout), layout, reply)) return false;
  if (tcp) bits |= TCP | writeTracking(words, row, tcp);
  words[row + BITS] = bits;
  return device <= MOST_DEVICES && flow >= 0 && flow === words[row + FLOW] && (!tcp || isExact(words, row, tcp));
}

/** The connection in the words of a row, as it was. */
export function unpack(words: Int32Array, row: number, layout: Layout, netns: string, devices: Devices): Connection {
  const id = idOf(words, row);
  const zone = (words[row + ZONE] as number) & ZONES;
  const bits = words[row + BITS] as number;
  const connection = new Connection(id, netns, zone === 0 ? DEFAULT_ZONE : { id: zone }, readTuple(words, row, ORIGINAL, layout));
  connection.reply = readTuple(words, row, replyOf(layout), layout);
  connection.confirmed = true;
  connection.seenReply = (bits & SEEN_REPLY) !== 0;
  connection.assured = (bits & ASSURED) !== 0;
  connection.masqueradedOn = devices.nameOf((words[row + ZONE] as number) >>> 16);
  connection.srcNat = (bits & SRC_NAT) !== 0;
  connection.dstNat = (bits & DST_NAT) !== 0;
  connection.srcNatDone = (bits & SRC_NAT_DONE) !== 0;
  connection.dstNatDone = (bits & DST_NAT_DONE) !== 0;
  connection.mark = word(words, row + MARK);
  connection.flow = words[row + FLOW] || undefined;
  connection.expires = readLong(words, row + EXPIRES);
  connection.streamFrom = readLong(words, row + STREAM);
  if (bits & TCP) connection.tcp = readTracking(words, row);
  return connection;
}

/** Whether the connection of a row is in a zone. */
export function isInZone(words: Int32Array, row: number, zone: number): boolean {
  return ((words[row + ZONE] as number) & ZONES) === zone;
}

/** Whether the connection of a row has a tuple, in either direction. */
export function hasTuple(words: Int32Array, row: number, layout: Layout, tuple: FlowTuple): boolean {
  if (((words[row + BITS] as number) & PROTOCOL_BITS) !== tuple.protocol) return false;
  return isAt(words, row + ORIGINAL, layout, tuple) || isAt(words, row + replyOf(layout), layout, tuple);
}

function isAt(words: Int32Array, at: number, layout: Layout, { src, dst, sport, dport }: FlowTuple): boolean {
  const { address } = layout;
  if (word(words, at + 2 * address) !== sport * PORTS + dport) return false;
  return readAddress(words, at, layout) === src && readAddress(words, at + address, layout) === dst;
}

/** Whether the connection of a row comes from where a tuple does. */
export function hasSource(words: Int32Array, row: number, layout: Layout, { src, protocol, sport }: FlowTuple): boolean {
  if (((words[row + BITS] as number) & PROTOCOL_BITS) !== protocol) return false;
  return word(words, row + ORIGINAL + 2 * layout.address) >>> 16 === sport && readAddress(words, row + ORIGINAL, layout) === src;
}

/** A number that is greater for connections that began later. */
export function idOf(words: Int32Array, row: number): number {
  return word(words, row + ID) + (words[row + ID + 1] as number) * WORD;
}

/** The tuples of a row. */
export function tuplesOf(
  words: Int32Array,
  row: number,
  layout: Layout,
): { readonly zone: number; readonly original: FlowTuple; readonly reply: FlowTuple } {
  const zone = (words[row + ZONE] as number) & ZONES;
  return { zone, original: readTuple(words, row, ORIGINAL, layout), reply: readTuple(words, row, replyOf(layout), layout) };
}

function word(words: Int32Array, at: number): number {
  return (words[at] as number) >>> 0;
}

function writeLong(words: Int32Array, at: number, long: bigint): void {
  words[at] = Number(long & LOW);
  words[at + 1] = Number(long >> 32n);
}

function readLong(words: Int32Array, at: number): bigint {
  return (BigInt(words[at + 1] as number) << 32n) | BigInt(word(words, at));
}

/** False when it has an address of another version of IP, or a port that is not known. */
function writeTuple(words: Int32Array, at: number, layout: Layout, { src, dst, sport, dport }: FlowTuple): boolean {
  const { address } = layout;
  if (!writeAddress(words, at, layout, src) || !writeAddress(words, at + address, layout, dst)) return false;
  words[at + 2 * address] = sport * PORTS + dport;
  return isPort(sport) && isPort(dport);
}

function writeAddress(words: Int32Array, at: number, { address }: Layout, value: Address): boolean {
  if (typeof value === "number") {
    words[at] = value;
    return address === NARROW.address;
  }
  if (address !== WIDE.address) return false;
  writeLong(words, at, value & LONG);
  writeLong(words, at + 2, value >> 64n);
  return true;
}

function readAddress(words: Int32Array, at: number, { address }: Layout): Address {
  if (address === NARROW.address) return word(words, at);
  return (BigInt.asUintN(64, readLong(words, at + 2)) << 64n) | BigInt.asUintN(64, readLong(words, at));
}

function isPort(port: number): boolean {
  return port >= 0 && port < PORTS;
}

function readTuple(words: Int32Array, row: number, side: number, layout: Layout): FlowTuple {
  const at = row + side;
  const ports = word(words, at + 2 * layout.address);
  return {
    src: readAddress(words, at, layout),
    dst: readAddress(words, at + layout.address, layout),
    protocol: (words[row + BITS] as number) & PROTOCOL_BITS,
    sport: ports >>> 16,
    dport: ports & 0xffff,
  };
}

/** Gives back the bits that say the rest of it. */
function writeTracking(words: Int32Array, row: number, tcp: TcpTracking): number {
  let bits = tcp.lastDirection === 1 ? ANSWER_LAST : 0;
  words[row + STATE] = TCP_STATES.indexOf(tcp.state) | (INDICES.indexOf(tcp.lastIndex) << 8);
  writeSide(words, row + SIDES, tcp.seen[0]);
  writeSide(words, row + SIDES + SIDE, tcp.seen[1]);
  if (tcp.seen[0].old) bits |= OLD[0];
  if (tcp.seen[1].old) bits |= OLD[1];
  words[row + LAST] = tcp.lastSeq;
  words[row + LAST + 1] = tcp.lastAck;
  words[row + LAST + 2] = tcp.lastEnd;
  words[row + LAST + 3] = tcp.lastWindow;
  words[row + LAST + 4] = tcp.lastScale | (tcp.lastFlags << 8) | (tcp.retransmissions << 16);
  return bits;
}

function writeSide(words: Int32Array, at: number, side: TcpSide): void {
  words[at] = side.end;
  words[at + 1] = side.maxEnd;
  words[at + 2] = side.maxWindow;
  words[at + 3] = side.maxAck;
  words[at + 4] = side.scale;
  words[at + 5] = side.flags;
}

function readTracking(words: Int32Array, row: number): TcpTracking {
  const bits = words[row + BITS] as number;
  const state = words[row + STATE] as number;
  const rest = words[row + LAST + 4] as number;
  return {
    state: TCP_STATES[state & 0xff] ?? "NONE",
    seen: [readSide(words, row, 0, bits), readSide(words, row, 1, bits)],
    lastDirection: bits & ANSWER_LAST ? 1 : 0,
    retransmissions: rest >>> 16,
    lastIndex: INDICES[state >> 8] ?? "NONE",
    lastSeq: words[row + LAST] as number,
    lastAck: words[row + LAST + 1] as number,
    lastEnd: words[row + LAST + 2] as number,
    lastWindow: words[row + LAST + 3] as number,
    lastScale: rest & 0xff,
    lastFlags: (rest >> 8) & 0xff,
  };
}

function readSide(words: Int32Array, row: number, i: 0 | 1, bits: number): TcpSide {
  const at = row + SIDES + i * SIDE;
  return {
    end: words[at] as number,
    maxEnd: words[at + 1] as number,
    maxWindow: word(words, at + 2),
    maxAck: words[at + 3] as number,
    scale: words[at + 4] as number,
    flags: words[at + 5] as number,
    old: (bits & OLD[i]) !== 0,
  };
}

/** Whether the words have tracking as it is: numbers may be larger than they have room for. */
function isExact(words: Int32Array, row: number, tcp: TcpTracking): boolean {
  const { seen, lastSeq, lastAck, lastEnd, lastWindow, lastScale, lastFlags, retransmissions } = tcp;
  if (words[row + LAST] !== lastSeq || words[row + LAST + 1] !== lastAck || words[row + LAST + 2] !== lastEnd) return false;
  if (words[row + LAST + 3] !== lastWindow || !isOctet(lastScale) || !isOctet(lastFlags) || !isPort(retransmissions)) return false;
  return isSideExact(words, row + SIDES, seen[0]) && isSideExact(words, row + SIDES + SIDE, seen[1]);
}

function isSideExact(words: Int32Array, at: number, { end, maxEnd, maxWindow, maxAck, scale, flags }: TcpSide): boolean {
  if (words[at] !== end || words[at + 1] !== maxEnd || word(words, at + 2) !== maxWindow) return false;
  return words[at + 3] === maxAck && words[at + 4] === scale && words[at + 5] === flags;
}

function isOctet(number: number): boolean {
  return number >= 0 && number < 256;
}
