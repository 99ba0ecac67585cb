import type { Packet } from "../model/packet.ts";
import { Undecided } from "./undecided.ts";

/** Chunk types that connection tracking knows (RFC 9260 section 3.2). */
export const CHUNK = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
} as const;

/** What connection tracking reads of a chunk. */
export interface Chunk {
  readonly type: number;
  readonly flags: number;
  /** As in its header, which may lie. */
  readonly length: number;
  /** Initiate tag of INIT and INIT ACK; absent when the packet ends before it. */
  readonly tag?: number;
}

const HEADER = 12;
const INIT_HEADER = 20;

/** Walks through the chunks of a packet (for_each_sctp_chunk, nf_conntrack_proto_sctp.c); one without a length ends the walk. */
export function readChunks(packet: Packet): readonly Chunk[] {
  const { payload } = packet;
  const total = packet.length - packet.headerLength;
  const bytes = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const chunks: Chunk[] = [];
  for (let at = HEADER; at + 4 <= total; ) {
    if (at + 4 > payload.length) {
      // What follows a DATA chunk is DATA too (RFC 9260 section 6.10).
      if (chunks.at(-1)?.type === CHUNK.DATA) return chunks;
      throw new Undecided("the packet's SCTP chunks, which were not captured");
    }
    const type = bytes.getUint8(at);
    const length = bytes.getUint16(at + 2);
    const isInit = type === CHUNK.INIT || type === CHUNK.INIT_ACK;
    const whole = isInit && at + INIT_HEADER <= total;
    if (whole && at + 8 > payload.length) throw new Undecided("the tag of an SCTP INIT, which was not captured");
    chunks.push({ type, flags: bytes.getUint8(at + 1), length, ...(whole ? { tag: bytes.getUint32(at + 4) } : {}) });
    if (length === 0) return chunks;
    at += (length + 3) & ~3;
  }
  return chunks;
}
