import type { Address } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import { addressSum, pseudoSum, sum16 } from "../../wire/checksum.ts";
import type { HeaderFacts } from "./ip-header.ts";
import { octetsOf, type TransportText } from "./transport-text.ts";

/** An IP packet as far as a text tells it: its octets, and how many there were on the wire. */
export interface IpOctets {
  readonly octets: number[];
  readonly length: number;
}

// What is taken for true of a header that the text does not show.
const USUAL = { ttl: 64, tos: 0, id: 0, data: 32 } as const;

const HEADER_4 = 20;
const HEADER_6 = 40;
const IP_CHECKSUM = 10;
const CHECKSUM_AT: Readonly<Record<number, number>> = {
  [PROTOCOL.tcp]: 16,
  [PROTOCOL.udp]: 6,
  [PROTOCOL.icmp]: 2,
  [PROTOCOL.icmpv6]: 2,
};
const NOP = 1;
const OPTIONS: Readonly<Record<string, readonly number[]>> = { EOL: [0], NOP: [NOP], RA: [148, 4, 0, 0] };
const ROUTES: Readonly<Record<string, number>> = { RR: 7, LSRR: 131, SSRR: 137 };
/** Where the first address of a route stands, counted from 1 (RFC 791). */
const FIRST_ADDRESS = 4;
const OPTION = /([A-Za-z][\w-]*)((?: \d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:,(?= ))?){0,9})/g;

function complement(sum: number): number[] {
  return octetsOf(~sum & 0xffff, 2);
}

/** The transport packet with a checksum: the one that the text shows, or the right one where all octets are known. */
function withChecksum(src: Address, dst: Address, { protocol, octets, length, checksum }: TransportText): number[] {
  const at = CHECKSUM_AT[protocol];
  if (at === undefined || octets.length < at + 2) return [...octets];
  const pseudo = protocol === PROTOCOL.icmp ? 0 : pseudoSum(addressSum(src, dst), protocol, octets.length);
  const isWhole = length === octets.length;
  const value = checksum ?? (isWhole ? ~sum16(Uint8Array.from(octets), 0, octets.length, pseudo) & 0xffff : 0);
  // RFC 768: zero says that there is none.
  const field = protocol === PROTOCOL.udp && checksum === undefined ? value || 0xffff : value;
  return [...octets.slice(0, at), ...octetsOf(field, 2), ...octets.slice(at + 2)];
}

/** Writes an IPv4 packet. */
export function octets4(src: number, dst: number, facts: HeaderFacts, transport: TransportText): IpOctets {
  const told = transport.length ?? transport.octets.length + USUAL.data;
  const options = optionsOf(facts, told);
  const headerLength = HEADER_4 + options.length;
  const isFragment = (facts.offset ?? 0) > 0 || facts.more === true;
  const length = facts.length || Math.min(0xffff, headerLength + told);
  const body = isFragment ? [...transport.octets] : withChecksum(src, dst, { ...transport, length: length - headerLength });
  const flags = ((facts.dontFragment ?? !isFragment) ? 0x4000 : 0) | (facts.more ? 0x2000 : 0) | ((facts.offset ?? 0) >> 3);
  const header = [
    0x40 | (headerLength / 4),
    facts.tos ?? USUAL.tos,
    ...octetsOf(length & 0xffff, 2),
    ...octetsOf(facts.id ?? USUAL.id, 2),
    ...octetsOf(flags & 0xffff, 2),
    facts.ttl ?? USUAL.ttl,
    transport.protocol,
    0,
    0,
    ...octetsOf(src, 4),
    ...octetsOf(dst, 4),
    ...options,
  ];
  const sum = facts.checksum === undefined ? complement(sum16(Uint8Array.from(header), 0, header.length)) : octetsOf(facts.checksum, 2);
  header.splice(IP_CHECKSUM, 2, ...sum);
  return { octets: [...header, ...body].slice(0, Math.max(length, header.length)), length };
}

function optionsOf({ options, length }: HeaderFacts, transport: number): number[] {
  if (options === undefined) return [];
  const octets = [...options.matchAll(OPTION)].flatMap(([, name = "", route = ""]) => optionOctets(name, route));
  // Whatever else there is takes its place.
  const room = (length ?? 0) - HEADER_4 - transport;
  while (octets.length < 40 && (octets.length % 4 !== 0 || octets.length < room)) octets.push(NOP);
  return octets.slice(0, 40);
}

/** A comma behind an address says that the pointer is past it (print-ip.c, ip_printroute). */
function optionOctets(name: string, route: string): readonly number[] {
  const type = ROUTES[name];
  if (type === undefined) return OPTIONS[name] ?? [];
  const addresses = route.trim().split(" ");
  const passed = addresses.filter((address) => address.endsWith(",")).length;
  const octets = addresses.flatMap((address) =>
    address
      .replace(",", "")
      .split(".")
      .map((octet) => Number(octet) & 0xff),
  );
  return [type, 3 + octets.length, FIRST_ADDRESS + 4 * passed, ...octets];
}

/** Extension headers of IPv6 as octets; each begins with the number of the next, which is filled in here. */
export interface ExtensionText {
  readonly protocol: number;
  readonly octets: readonly number[];
}

/** Writes an IPv6 packet. */
export function octets6(
  src: bigint,
  dst: bigint,
  facts: HeaderFacts,
  extensions: readonly ExtensionText[],
  transport: TransportText,
  isFragment: boolean,
): IpOctets {
  const chain = extensions.flatMap(({ octets }, index) => [extensions[index + 1]?.protocol ?? transport.protocol, ...octets.slice(1)]);
  const told = transport.length ?? transport.octets.length + USUAL.data;
  const length = facts.length ?? Math.min(0xffff, HEADER_6 + chain.length + told);
  const whole = { ...transport, length: length - HEADER_6 - chain.length };
  const body = isFragment ? [...transport.octets] : withChecksum(src, dst, whole);
  const tos = facts.tos ?? USUAL.tos;
  const octets = [
    ...octetsOf(6 * 2 ** 28 + tos * 2 ** 20 + (facts.flowLabel ?? 0), 4),
    ...octetsOf((length - HEADER_6) & 0xffff, 2),
    extensions[0]?.protocol ?? transport.protocol,
    facts.ttl ?? USUAL.ttl,
    ...address6(src),
    ...address6(dst),
    ...chain,
    ...body,
  ];
  return { octets: octets.slice(0, Math.max(length, HEADER_6)), length };
}

function address6(address: bigint): number[] {
  return (address.toString(16).padStart(32, "0").match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}
