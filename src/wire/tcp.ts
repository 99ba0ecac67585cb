import type { Tcp, TcpOption } from "../model/packet.ts";
import { NO_OCTETS, u8, u16, u32, view } from "./octets.ts";
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
const TIMESTAMPS_END = HEADER + 12;
const EOL: TcpOption = { kind: END_OF_OPTIONS, data: NO_OCTETS };
const NOP: TcpOption = { kind: NO_OPERATION, data: NO_OCTETS };
const NO_OPTIONS: readonly TcpOption[] = [];

/** The timestamps of a segment: hardly anybody asks for them, and most segments have some. */
class Timestamps implements TcpOption {
  readonly kind = TIMESTAMPS;
  readonly #segment: Uint8Array;

  constructor(segment: Uint8Array) {
    this.#segment = segment;
  }

  get data(): Uint8Array {
    return view(this.#segment, HEADER + 4, TIMESTAMPS_END);
  }
}

// Whoever goes through the properties of an option shall find it.
Object.defineProperty(Timestamps.prototype, "data", { enumerable: true });

/** Decodes a TCP header (RFC 9293 section 3.1); of a quoted one that ends after its first 8 octets, the rest is zeros, and a length that cannot be is passed over. */
export function decodeTcp(bytes: Uint8Array, total: number, quoted: boolean): Tcp | Defect {
  const missing = lacking(bytes, total, quoted ? QUOTED_OCTETS : HEADER);
  if (missing) return missing;
  let headerLength = HEADER;
  if (bytes.length > DATA_OFFSET) {
    headerLength = (u8(bytes, DATA_OFFSET) >> 4) * 4;
    const isWrong = headerLength < HEADER || headerLength > total;
    if (isWrong && !quoted) return "malformed";
    if (isWrong) headerLength = HEADER;
  }
  return {
    kind: "tcp",
    sport: u16(bytes, SPORT),
    dport: u16(bytes, DPORT),
    seq: u32(bytes, SEQ),
    ack: u32(bytes, ACK),
    flags: u8(bytes, FLAGS),
    window: u16(bytes, WINDOW),
    headerLength,
    options: headerLength > HEADER ? decodeOptions(bytes, Math.min(headerLength, bytes.length)) : NO_OPTIONS,
  };
}

/** The options up to the end of the header, or to the first that cannot be. */
function decodeOptions(bytes: Uint8Array, end: number): readonly TcpOption[] {
  if (end === TIMESTAMPS_END && u32(bytes, HEADER) === ALIGNED_TIMESTAMPS) {
    return [NOP, NOP, new Timestamps(bytes)];
  }
  const options: TcpOption[] = [];
  let i = HEADER;
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
