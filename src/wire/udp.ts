import type { Mutable } from "../model/mutable.ts";
import type { Udp } from "../model/packet.ts";
import { wordsOf } from "./octets.ts";
import { type Defect, lacking } from "./transport.ts";

const SPORT = 0;
const DPORT = 2;
const LENGTH = 4;
const HEADER = 8;

/** Offset of the checksum field in a UDP header. */
export const UDP_CHECKSUM = 6;

/** Reads a UDP header that is all there into one that is used again; false where it is not. */
export function glanceUdp(udp: Mutable<Udp>, words: DataView, start: number, end: number): boolean {
  if (end - start < HEADER) return false;
  udp.sport = words.getUint16(start + SPORT);
  udp.dport = words.getUint16(start + DPORT);
  udp.length = words.getUint16(start + LENGTH);
  return true;
}

/** Decodes a UDP header (RFC 768); its length field is given as it stands, right or wrong. */
export function decodeUdp(bytes: Uint8Array, start: number, end: number, total: number): Udp | Defect {
  const missing = lacking(end - start, total, HEADER);
  if (missing) return missing;
  const words = wordsOf(bytes);
  return {
    kind: "udp",
    sport: words.getUint16(start + SPORT),
    dport: words.getUint16(start + DPORT),
    length: words.getUint16(start + LENGTH),
  };
}
