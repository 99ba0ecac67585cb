import type { Sctp } from "../model/packet.ts";
import { u8, u16, u32 } from "./octets.ts";
import { type Defect, lacking, QUOTED_OCTETS } from "./transport.ts";

const SPORT = 0;
const DPORT = 2;
const TAG = 4;
const HEADER = 12;
const CHUNK_LENGTH = 2;
const CHUNK_HEADER = 4;

/** Offset of the checksum field in an SCTP header. */
export const SCTP_CHECKSUM = 8;

/** Decodes an SCTP header and the types of its chunks (RFC 9260 section 3). */
export function decodeSctp(bytes: Uint8Array, total: number, quoted: boolean): Sctp | Defect {
  const missing = lacking(bytes.length, total, quoted ? QUOTED_OCTETS : HEADER);
  if (missing) return missing;
  const chunks: number[] = [];
  for (let i = HEADER; i + CHUNK_HEADER <= bytes.length; ) {
    const length = u16(bytes, i + CHUNK_LENGTH);
    chunks.push(u8(bytes, i));
    if (length < CHUNK_HEADER) break;
    i += (length + 3) & ~3;
  }
  return { kind: "sctp", sport: u16(bytes, SPORT), dport: u16(bytes, DPORT), tag: u32(bytes, TAG), chunks };
}
