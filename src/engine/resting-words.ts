import type { Address } from "../model/address.ts";
import { Connection, type FlowTuple } from "./connection.ts";
import { INDICES, TCP_STATES, type TcpSide, type TcpTracking } from "./tcp-segment.ts";
import { DEFAULT_ZONE } from "./zone.ts";

/** The 32-bit words of a row. */
const ID = 0;
const ZONE = 2;
const BITS = 3;
const MARK = 4;
const FLOW = 5;
/** When it runs out, in nanoseconds since the epoch: the lower word, then the upper one. */
export const EXPIRES = 6;
const STREAM = 8;
const ORIGINAL = 10;
const REPLY = 13;
const STATE = 16;
const SIDES = 17;
const SIDE = 6;
const LAST = 29;
/** How many there are. */
export const WIDTH = 34;

/** Bits beside the protocol. */
const SRC_NAT = 1 << 8;
const DST_NAT = 1 << 9;
const SRC_NAT_DONE = 1 << 10;
const DST_NAT_DONE = 1 << 11;
const TCP = 1 << 12;
const OLD: readonly [number, number] = [1 << 13, 1 << 14];
const ANSWER_LAST = 1 << 15;
const PROTOCOL_BITS = 0xff;

const WORD = 2 ** 32;
const PORTS = 2 ** 16;
/** The lower word of a number of 64 bits. */
export const LOW = 0xffff_ffffn;

/** Writes a connection into the words of a row; false when something of it has no place there. */
export function pack(connection: Connection, words: Int32Array, row: number): boolean {
  const { id, zone, original, reply, mark, flow = 0, expires, streamFrom, tcp, srcNat, dstNat, srcNatDone, dstNatDone } = connection;
  let bits = original.protocol;
  if (srcNat) bits |= SRC_NAT;
  if (dstNat) bits |= DST_NAT;
  if (srcNatDone) bits |= SRC_NAT_DONE;
  if (dstNatDone) bits |= DST_NAT_DONE;
  words[row + ID] = id;
  words[row + ID + 1] = Math.floor(id / WORD);
  words[row + ZONE] = zone.id;
  words[row + MARK] = mark;
  words[row + FLOW] = flow;
  writeTime(words, row + EXPIRES, expires);
  writeTime(words, row + STREAM, streamFrom);
  if (!writeTuple(words, row, ORIGINAL, original) || !writeTuple(words, row, REPLY, reply)) return false;
  if (tcp) bits |= TCP | writeTracking(words, row, tcp);
  words[row + BITS] = bits;
  return flow >= 0 && flow === words[row + FLOW] && (!tcp || isExact(words, row, tcp));
}

/** The connection in the words of a row, as it was. */
export function unpack(words: Int32Array, row: number, netns: string): Connection {
  const id = word(words, row + ID) + (words[row + ID + 1] as number) * WORD;
  const zone = words[row + ZONE] as number;
  const bits = words[row + BITS] as number;
  const connection = new Connection(id, netns, zone === 0 ? DEFAULT_ZONE : { id: zone }, readTuple(words, row, ORIGINAL));
  connection.reply = readTuple(words, row, REPLY);
  connection.confirmed = true;
  connection.srcNat = (bits & SRC_NAT) !== 0;
  connection.dstNat = (bits & DST_NAT) !== 0;
  connection.srcNatDone = (bits & SRC_NAT_DONE) !== 0;
  connection.dstNatDone = (bits & DST_NAT_DONE) !== 0;
  connection.mark = word(words, row + MARK);
  connection.flow = words[row + FLOW] || undefined;
  connection.expires = readTime(words, row + EXPIRES);
  connection.streamFrom = readTime(words, row + STREAM);
  if (bits & TCP) connection.tcp = readTracking(words, row);
  return connection;
}

/** Whether the connection of a row is in a zone. */
export function isInZone(words: Int32Array, row: number, zone: number): boolean {
  return words[row + ZONE] === zone;
}

/** Whether the connection of a row has a tuple, in either direction. */
export function hasTuple(words: Int32Array, row: number, tuple: FlowTuple): boolean {
  if (((words[row + BITS] as number) & PROTOCOL_BITS) !== tuple.protocol) return false;
  return isAt(words, row + ORIGINAL, tuple) || isAt(words, row + REPLY, tuple);
}

function isAt(words: Int32Array, at: number, { src, dst, sport, dport }: FlowTuple): boolean {
  return word(words, at) === src && word(words, at + 1) === dst && word(words, at + 2) === sport * PORTS + dport;
}

/** Whether the connection of a row comes from where a tuple does. */
export function hasSource(words: Int32Array, row: number, { src, protocol, sport }: FlowTuple): boolean {
  if (word(words, row + ORIGINAL) !== src || ((words[row + BITS] as number) & PROTOCOL_BITS) !== protocol) return false;
  return word(words, row + ORIGINAL + 2) >>> 16 === sport;
}

/** The tuples of a row. */
export function tuplesOf(
  words: Int32Array,
  row: number,
): { readonly zone: number; readonly original: FlowTuple; readonly reply: FlowTuple } {
  return { zone: words[row + ZONE] as number, original: readTuple(words, row, ORIGINAL), reply: readTuple(words, row, REPLY) };
}

function word(words: Int32Array, at: number): number {
  return (words[at] as number) >>> 0;
}

function writeTime(words: Int32Array, at: number, time: bigint): void {
  words[at] = Number(time & LOW);
  words[at + 1] = Number(time >> 32n);
}

function readTime(words: Int32Array, at: number): bigint {
  return (BigInt(words[at + 1] as number) << 32n) | BigInt(word(words, at));
}

function writeTuple(words: Int32Array, row: number, side: number, { src, dst, sport, dport }: FlowTuple): boolean {
  const at = row + side;
  words[at] = Number(src);
  words[at + 1] = Number(dst);
  words[at + 2] = sport * PORTS + dport;
  return isWord(src) && isWord(dst) && isPort(sport) && isPort(dport);
}

function isWord(address: Address): boolean {
  return typeof address === "number";
}

function isPort(port: number): boolean {
  return port >= 0 && port < PORTS;
}

function readTuple(words: Int32Array, row: number, side: number): FlowTuple {
  const at = row + side;
  const ports = word(words, at + 2);
  return {
    src: word(words, at),
    dst: word(words, at + 1),
    protocol: (words[row + BITS] as number) & PROTOCOL_BITS,
    sport: ports >>> 16,
    dport: ports & 0xffff,
  };
}

/** Gives back the bits that say the rest of it. */
function writeTracking(words: Int32Array, row: number, tcp: TcpTracking): number {
  let bits = tcp.lastDirection === 1 ? ANSWER_LAST : 0;
  words[row + STATE] = TCP_STATES.indexOf(tcp.state) | (INDICES.indexOf(tcp.lastIndex) << 8);
  for (const [i, side] of tcp.seen.entries()) {
    const at = row + SIDES + i * SIDE;
    words[at] = side.end;
    words[at + 1] = side.maxEnd;
    words[at + 2] = side.maxWindow;
    words[at + 3] = side.maxAck;
    words[at + 4] = side.scale;
    words[at + 5] = side.flags;
    if (side.old) bits |= OLD[i] as number;
  }
  words[row + LAST] = tcp.lastSeq;
  words[row + LAST + 1] = tcp.lastAck;
  words[row + LAST + 2] = tcp.lastEnd;
  words[row + LAST + 3] = tcp.lastWindow;
  words[row + LAST + 4] = tcp.lastScale | (tcp.lastFlags << 8) | (tcp.retransmissions << 16);
  return bits;
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
function isExact(words: Int32Array, row: number, { seen, lastSeq, lastAck, lastEnd, lastWindow, ...rest }: TcpTracking): boolean {
  const { lastScale, lastFlags, retransmissions } = rest;
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
