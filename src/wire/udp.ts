import type { Udp } from "../model/packet.ts";
import { wordsOf } from "./octets.ts";
import { type Defect, lacking } from "./transport.ts";

const SPORT = 0;
const DPORT = 2;
const LENGTH = 4;
const HEADER = 8;

/** Offset of the checksum field in a UDP header. */
export const UDP_CHECKSUM = 6;

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
