import type { Mutable } from "../model/mutable.ts";
import type { Tcp, TcpOption } from "../model/packet.ts";
import { NO_OCTETS, u8, view, wordsOf } from "./octets.ts";
import { type Defect, lacking, QUOTED_OCTETS } from "./transport.ts";

const SPORT = 0;
const DPORT = 2;
const SEQ = 4;
const ACK = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
const HEADER = 20;

/** Offset of the checksum field in a TCP header. */
export const TCP_CHECKSUM = 16;

const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const TIMESTAMPS = 8;
/** What most segments of a connection have, known at a glance (net/ipv4/tcp_input.c, tcp_parse_aligned_timestamp). */
const ALIGNED_TIMESTAMPS = 0x0101080a;
const TIMESTAMPS_LENGTH = 8;
const TIMESTAMPS_END = HEADER + 4 + TIMESTAMPS_LENGTH;
const EOL: TcpOption = { kind: END_OF_OPTIONS, data: NO_OCTETS };
const NOP: TcpOption = { kind: NO_OPERATION, data: NO_OCTETS };
const NO_OPTIONS: readonly TcpOption[] = [];

/** The timestamps of a segment: hardly anybody asks for them, and most segments have some. */
class Timestamps implements TcpOption {
  readonly kind = TIMESTAMPS;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#start = start;
  }

  get data(): Uint8Array {
    return view(this.#bytes, this.#start + TIMESTAMPS_END - TIMESTAMPS_LENGTH, this.#start + TIMESTAMPS_END);
  }
}

// Whoever goes through the properties of an option shall find it.
Object.defineProperty(Timestamps.prototype, "data", { enumerable: true });

/** Reads a TCP header that is all there into one that is used again, but for its options; false where it is not. */
export function glanceTcp(tcp: Mutable<Omit<Tcp, "kind" | "options">>, words: DataView, start: number, end: number): boolean {
  if (end - start < HEADER) return false;
  const headerLength = (words.getUint8(start + DATA_OFFSET) >> 4) * 4;
  if (headerLength < HEADER || end - start < headerLength) return false;
  readFields(tcp, words, start);
  tcp.headerLength = headerLength;
  return true;
}

function readFields(tcp: Mutable<Omit<Tcp, "kind" | "options">>, words: DataView, start: number): void {
  tcp.sport = words.getUint16(start + SPORT);
  tcp.dport = words.getUint16(start + DPORT);
  tcp.seq = words.getUint32(start + SEQ);
  tcp.ack = words.getUint32(start + ACK);
  tcp.flags = words.getUint8(start + FLAGS);
  tcp.window = words.getUint16(start + WINDOW);
}

/** The options of such a header of `length` octets. */
export function optionsOf(bytes: Uint8Array, start: number, length: number): readonly TcpOption[] {
  return length > HEADER ? readOptions(wordsOf(bytes), bytes, start, length) : NO_OPTIONS;
}

/**
 * Decodes a TCP header (RFC 9293 section 3.1) between two offsets; of a quoted one that ends after its first 8 octets, the rest is zeros, and a
 * length that cannot be is passed over.
 */
export function decodeTcp(bytes: Uint8Array, start: number, end: number, total: number, quoted: boolean): Tcp | Defect {
  const there = end - start;
  const missing = lacking(there, total, quoted ? QUOTED_OCTETS : HEADER);
  if (missing) return missing;
  if (there >= HEADER) return readHeader(bytes, start, there, total, quoted);
  const whole = new Uint8Array(HEADER);
  whole.set(view(bytes, start, end));
  return readHeader(whole, 0, there, total, quoted);
}

/** Of the header `there` octets, or zeros in the place of some, are there. */
function readHeader(bytes: Uint8Array, start: number, there: number, total: number, quoted: boolean): Tcp | Defect {
  const words = wordsOf(bytes);
  let headerLength = HEADER;
  if (there > DATA_OFFSET) {
    headerLength = (words.getUint8(start + DATA_OFFSET) >> 4) * 4;
    const isWrong = headerLength < HEADER || headerLength > total;
    if (isWrong && !quoted) return "malformed";
    if (isWrong) headerLength = HEADER;
  }
  const options = headerLength > HEADER ? readOptions(words, bytes, start, Math.min(headerLength, there)) : NO_OPTIONS;
  const tcp: Tcp = { kind: "tcp", sport: 0, dport: 0, seq: 0, ack: 0, flags: 0, window: 0, headerLength, options };
  readFields(tcp, words, start);
  return tcp;
}

/** The options up to the end of what is there of the header, or to the first that cannot be. */
function readOptions(words: DataView, bytes: Uint8Array, start: number, there: number): readonly TcpOption[] {
  if (there === TIMESTAMPS_END && words.getUint32(start + HEADER) === ALIGNED_TIMESTAMPS) {
    return [NOP, NOP, new Timestamps(bytes, start)];
  }
  return decodeOptions(bytes, start + HEADER, start + there);
}

function decodeOptions(bytes: Uint8Array, start: number, end: number): readonly TcpOption[] {
  const options: TcpOption[] = [];
  let i = start;
  while (i < end) {
    const kind = u8(bytes, i);
    if (kind === END_OF_OPTIONS) {
      options.push(EOL);
      break;
    }
    if (kind === NO_OPERATION) {
      options.push(NOP);
      i++;
      continue;
    }
    const length = i + 1 < end ? u8(bytes, i + 1) : 0;
    if (length < 2 || i + length > end) break;
    options.push({ kind, data: view(bytes, i + 2, i + length) });
    i += length;
  }
  return options;
}
