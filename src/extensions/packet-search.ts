import type { Packet } from "../model/packet.ts";
import { packetOctets } from "./packet-octets.ts";
import type { MatchResult } from "./spec.ts";

export interface Search {
  readonly pattern: readonly number[];
  /** First octet, and the one after the last, counted from the IP header. */
  readonly from: number;
  readonly to: number;
  readonly anyCase: boolean;
}

/** Looks for octets as skb_find_text does: the whole pattern must lie between `from` and `to`. */
export function searchPacket(packet: Packet, { pattern, from, to, anyCase }: Search): MatchResult {
  const octets = packetOctets(packet);
  const fold = (octet: number | undefined) => (anyCase && octet !== undefined && octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);
  const wanted = pattern.map(fold);
  const end = Math.min(to, octets.length);
  for (let at = from; at + wanted.length <= end; at++) {
    if (wanted.every((octet, i) => fold(octets[at + i]) === octet)) return true;
  }
  const whole = octets.length >= Math.min(to, packet.length);
  return whole ? false : { unknown: "the packet's data, which was not captured" };
}
