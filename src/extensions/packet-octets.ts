import { EXTENSION_NUMBERS, IPV6_HEADER, type Packet } from "../model/packet.ts";
import { transportOctets } from "./transport-octets.ts";

/** Octets one after the other; undefined stands for one that is not known. */
export type Octets = readonly (number | undefined)[];

const built = new WeakMap<Packet, Octets>();

/** The packet from its IP header on, as it is now and as far as it was captured: what a match finds at skb->data. */
export function packetOctets(packet: Packet): Octets {
  const before = built.get(packet);
  if (before) return before;
  const octets = [...(packet.family === 4 ? header4(packet) : header6(packet)), ...transportOctets(packet)];
  built.set(packet, octets);
  return octets;
}

/** An unsigned number in network order; undefined where an octet of it is not known. */
export function unsignedAt(octets: Octets, at: number, size: 1 | 2 | 4): number | undefined {
  let value = 0;
  for (let i = at; i < at + size; i++) {
    const octet = octets[i];
    if (octet === undefined) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

function octetsOf(value: bigint | number, size: number): number[] {
  const found: number[] = [];
  for (let i = size - 1; i >= 0; i--) found.push(Number((BigInt(value) >> BigInt(8 * i)) & 255n));
  return found;
}

/** RFC 791, with its checksum over what it is now. */
function header4(packet: Packet): Octets {
  const offset = (packet.fragment?.offset ?? 0) >> 3;
  const flags = (packet.dontFragment ? 0x4000 : 0) | (packet.fragment?.more ? 0x2000 : 0) | offset;
  const octets = [
    0x40 | (packet.headerLength >> 2),
    packet.tos,
    ...octetsOf(packet.length, 2),
    ...octetsOf(packet.id ?? 0, 2),
    ...octetsOf(flags, 2),
    packet.ttl,
    packet.protocol,
    0,
    0,
    ...octetsOf(packet.src, 4),
    ...octetsOf(packet.dst, 4),
    ...(packet.ipOptions ?? []),
  ];
  let sum = 0;
  for (let i = 0; i + 1 < octets.length; i += 2) sum += (octets[i] ?? 0) * 256 + (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  octets.splice(10, 2, ...octetsOf(~sum & 0xffff, 2));
  return octets;
}

/** RFC 8200, extension headers included. */
function header6(packet: Packet): Octets {
  const { extensionOctets, extensionHeaders, headerLength, drawnId } = packet;
  const more = headerLength - IPV6_HEADER;
  const extensions = extensionOctets?.length === more ? [...extensionOctets] : Array<undefined>(more).fill(undefined);
  const first = extensionHeaders?.[0];
  return [
    ...octetsOf(0x60000000 + packet.tos * 0x100000 + (packet.flowLabel ?? 0), 4),
    ...octetsOf(packet.length - IPV6_HEADER, 2),
    more === 0 ? packet.protocol : first && EXTENSION_NUMBERS[first],
    packet.ttl,
    ...octetsOf(packet.src, 16),
    ...octetsOf(packet.dst, 16),
    ...(drawnId ? withoutId(extensions, extensionHeaders) : extensions),
  ];
}

/** Octets of IPv6 extension headers, of which the identification in the fragment header is not known. */
function withoutId(octets: Octets, headers: Packet["extensionHeaders"]): Octets {
  let at = 0;
  for (const name of headers ?? []) {
    if (name === "fragment") return octets.map((octet, i) => (i >= at + 4 && i < at + 8 ? undefined : octet));
    at += ((octets[at + 1] ?? 0) + 1) * 8;
  }
  return octets;
}
