import type { Udp } from "../model/packet.ts";
import { u16 } from "./octets.ts";
import { type Defect, lacking } from "./transport.ts";

const SPORT = 0;
const DPORT = 2;
const LENGTH = 4;
const HEADER = 8;

/** Offset of the checksum field in a UDP header. */
export const UDP_CHECKSUM = 6;

/** Decodes a UDP header (RFC 768); its length field is given as it stands, right or wrong. */
export function decodeUdp(bytes: Uint8Array, total: number): Udp | Defect {
  return (
    lacking(bytes, total, HEADER) ?? {
      kind: "udp",
      sport: u16(bytes, SPORT),
      dport: u16(bytes, DPORT),
      length: u16(bytes, LENGTH),
    }
  );
}
