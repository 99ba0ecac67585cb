import type { Packet } from "../model/packet.ts";
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
  const octets = octetsOf(packet);
  const fold = (octet: number | undefined) => (anyCase && octet !== undefined && octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);
  const wanted = pattern.map(fold);
  const end = Math.min(to, octets.length);
  for (let at = from; at + wanted.length <= end; at++) {
    if (wanted.every((octet, i) => fold(octets[at + i]) === octet)) return true;
  }
  const whole = octets.length >= Math.min(to, packet.length);
  return whole ? false : { unknown: "the packet's data, which was not captured" };
}

function octetsOf(packet: Packet): readonly (number | undefined)[] {
  const payload: (number | undefined)[] = [...packet.payload];
  const { transport } = packet;
  if (transport && "sport" in transport && payload.length >= 4) {
    payload.splice(0, 4, transport.sport >> 8, transport.sport & 255, transport.dport >> 8, transport.dport & 255);
  }
  return [...(packet.family === 4 ? header4(packet) : header6(packet)), ...payload];
}

function big(value: bigint | number, octets: number): readonly number[] {
  const found: number[] = [];
  for (let i = octets - 1; i >= 0; i--) found.push(Number((BigInt(value) >> BigInt(8 * i)) & 255n));
  return found;
}

/** The header as it was on the wire (RFC 791): the search of the kernel covers it. */
function header4(packet: Packet): readonly number[] {
  const offset = (packet.fragment?.offset ?? 0) >> 3;
  const flags = (packet.dontFragment ? 0x4000 : 0) | (packet.fragment?.more ? 0x2000 : 0) | offset;
  const octets = [
    0x40 | (packet.headerLength >> 2),
    packet.tos,
    ...big(packet.length, 2),
    ...big(packet.id ?? 0, 2),
    ...big(flags, 2),
    packet.ttl,
    packet.protocol,
    0,
    0,
    ...big(packet.src, 4),
    ...big(packet.dst, 4),
    ...(packet.ipOptions ?? []),
  ];
  let sum = 0;
  for (let i = 0; i + 1 < octets.length; i += 2) sum += (octets[i] ?? 0) * 256 + (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  octets.splice(10, 2, ...big(~sum & 0xffff, 2));
  return octets;
}

/** The fixed header (RFC 8200) with gaps for what is not kept of it: flow label and extension headers. */
function header6(packet: Packet): readonly (number | undefined)[] {
  const more = packet.headerLength > 40;
  return [
    0x60 | (packet.tos >> 4),
    undefined,
    undefined,
    undefined,
    ...big(packet.length - 40, 2),
    more ? undefined : packet.protocol,
    packet.ttl,
    ...big(packet.src, 16),
    ...big(packet.dst, 16),
    ...Array<undefined>(packet.headerLength - 40).fill(undefined),
  ];
}
