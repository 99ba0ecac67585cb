import { packetOctets } from "../extensions/packet-octets.ts";
import { EXTENSION_NUMBERS, type ExtensionHeader, IPV6_HEADER, type Packet, PROTOCOL, SKIPPED_EXTENSIONS } from "../model/packet.ts";

/** Octets of a fragment header. */
export const FRAGMENT_HEADER = 8;

/** An extension header of a packet. */
export interface Extension {
  readonly name: ExtensionHeader;
  readonly number: number;
  /** Where it begins, counted from the IPv6 header. */
  readonly at: number;
  readonly octets: readonly number[];
  /** Where the octet stands that announces it. */
  readonly announcedAt: number;
}

/** Where the IPv6 header says what comes behind it. */
export const NEXT_HEADER_AT = 6;

const NONE: readonly Extension[] = [];

/** The extension headers of a packet, in order. */
export function extensionsOf(packet: Packet): readonly Extension[] {
  if (!packet.extensionHeaders) return NONE;
  const found: Extension[] = [];
  const octets = packet.extensionOctets ?? new Uint8Array();
  let at = 0;
  let announcedAt = NEXT_HEADER_AT;
  for (const name of packet.extensionHeaders) {
    const field = octets[at + 1] ?? 0;
    const size = name === "fragment" ? FRAGMENT_HEADER : name === "ah" ? (field + 2) * 4 : (field + 1) * 8;
    found.push({ name, number: EXTENSION_NUMBERS[name], at: IPV6_HEADER + at, octets: [...octets.subarray(at, at + size)], announcedAt });
    announcedAt = IPV6_HEADER + at;
    at += size;
  }
  return found;
}

/** Protocols whose header connection tracking has to see, beside those that have more headers behind them. */
const SEEN: readonly number[] = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.sctp, PROTOCOL.icmpv6, PROTOCOL["ipv6-nonxt"]];

/** Whether a packet ends within an extension header, with something behind it that connection tracking has to see (ipv6_skip_exthdr). */
export function runsPast({ defect, protocol, payload }: Packet): boolean {
  if (defect === undefined || !SKIPPED_EXTENSIONS.has(protocol)) return false;
  const [next] = payload;
  return next === undefined || payload.length < 2 || SEEN.includes(next) || SKIPPED_EXTENSIONS.has(next);
}

/** What connection tracking takes for the protocol: where a packet ends within an extension header, what that one announces behind it (ipv6_skip_exthdr). */
export function trackedProtocol({ defect, protocol, payload, family }: Packet): number {
  const cut = family === 6 && (defect === "malformed" || defect === "short") && SKIPPED_EXTENSIONS.has(protocol);
  return (cut && payload.length >= 2 && payload[0]) || protocol;
}

/** Whether a packet ends within its hop-by-hop options, by the length that these say themselves. */
export function endsInHopByHop({ family, protocol, defect, headerLength }: Packet): boolean {
  return family === 6 && protocol === PROTOCOL.hopopt && headerLength === IPV6_HEADER && (defect === "malformed" || defect === "short");
}

/** All octets of a packet, as it is now; those that were not captured are taken for zero. */
export function octetsOf(packet: Packet): Uint8Array {
  const octets = new Uint8Array(packet.length);
  octets.set(
    packetOctets(packet)
      .slice(0, packet.length)
      .map((octet) => octet ?? 0),
  );
  return octets;
}
