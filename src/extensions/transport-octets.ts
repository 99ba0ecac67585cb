import type { Address } from "../model/address.ts";
import { type Packet, PROTOCOL, type Tcp } from "../model/packet.ts";

type Octet = number | undefined;

const REDIRECT = 137;
const TCP_HEADER = 20;
const TCP_MSS = 2;
const ICMP_ID = 4;
const ICMP_QUOTE = 8;
const IPV4_CHECKSUM = 10;
const LITE_CHECKSUM = 6;

/** Where the checksum of a protocol's header stands. */
const CHECKSUM_AT: ReadonlyMap<number, number> = new Map([
  [PROTOCOL.tcp, 16],
  [PROTOCOL.udp, 6],
  [PROTOCOL.icmp, 2],
  [PROTOCOL.icmpv6, 2],
]);

/** What follows the IP headers, with the changes that translation and targets made, as far as it was captured. */
export function transportOctets(packet: Packet): readonly Octet[] {
  const octets: Octet[] = [...packet.payload];
  const { transport } = packet;
  if (transport === undefined || (packet.fragment?.offset ?? 0) > 0) return octets;
  if ("sport" in transport) write(octets, 0, [...port(transport.sport), ...port(transport.dport)]);
  if (transport.kind === "tcp") writeTcp(octets, transport);
  else if (transport.kind === "icmp") {
    if (transport.id !== undefined) write(octets, ICMP_ID, port(transport.id));
    // A redirect quotes elsewhere, and NAT leaves it as it is.
    if (transport.quoted && transport.type !== REDIRECT) writeQuoted(octets, transport.quoted);
  } else if (transport.kind === "sctp" && changed(octets, packet)) octets.fill(undefined, 8, 12);
  // That of a fragment covers what others carry, and nothing translates it before they are together.
  if (packet.protocol === PROTOCOL.udplite && !packet.fragment && !hasLiteSum(octets, packet))
    octets.fill(undefined, LITE_CHECKSUM, LITE_CHECKSUM + 2);
  const at = CHECKSUM_AT.get(packet.protocol);
  if (at !== undefined && octets.length >= at + 2) writeChecksum(octets, packet, at);
  return octets;
}

/** A port, or an id, that NAT drew is negative, and not known. */
function port(value: number): readonly Octet[] {
  return value < 0 ? [undefined, undefined] : [value >> 8, value & 255];
}

function write(octets: Octet[], at: number, values: readonly Octet[]): void {
  for (const [i, value] of values.entries()) if (at + i < octets.length) octets[at + i] = value;
}

function changed(octets: readonly Octet[], packet: Packet): boolean {
  return octets.some((octet, i) => octet !== packet.payload[i]);
}

function word(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function writeTcp(octets: Octet[], tcp: Tcp): void {
  write(octets, 4, word(tcp.seq));
  write(octets, 8, word(tcp.ack));
  const offset = octets[12] ?? 0;
  write(octets, 12, [((tcp.headerLength >> 2) << 4) | (offset & 15), tcp.flags, tcp.window >> 8, tcp.window & 255]);
  const mss = tcp.options.find(({ kind, data }) => kind === TCP_MSS && data.length === 2);
  if (mss === undefined) return;
  // TCPMSS puts an option that was not there before all others (xt_TCPMSS.c, tcpmss_mangle_packet).
  if (tcp.headerLength > (offset >> 4) * 4) octets.splice(TCP_HEADER, 0, TCP_MSS, 4, ...mss.data);
  else for (const at of mssPlaces(octets, tcp.headerLength)) write(octets, at, [...mss.data]);
}

function mssPlaces(octets: readonly Octet[], end: number): readonly number[] {
  for (let at = TCP_HEADER; at < end; ) {
    const kind = octets[at];
    if (kind === TCP_MSS) return [at + 2];
    const step = kind === 1 ? 1 : (octets[at + 1] ?? 0);
    if (kind === 0 || step === 0) break;
    at += step;
  }
  return [];
}

/** The packet that an error quotes is translated as well (nf_nat_core.c, nf_nat_icmp_reply_translation). */
function writeQuoted(octets: Octet[], quoted: Packet): void {
  const at = ICMP_QUOTE;
  const [source, size] = quoted.family === 4 ? [12, 4] : [8, 16];
  const before = octets.slice(at + source, at + source + 2 * size);
  write(octets, at + source, [...addressOctets(quoted.src), ...addressOctets(quoted.dst)]);
  if (quoted.family === 4 && before.some((octet, i) => octet !== octets[at + source + i])) {
    write(octets, at + IPV4_CHECKSUM, [0, 0]);
    const sum = ~sumOf(octets.slice(at, at + quoted.headerLength)) & 0xffff;
    write(octets, at + IPV4_CHECKSUM, [sum >> 8, sum & 255]);
  }
  const { transport } = quoted;
  const start = at + quoted.headerLength;
  if (transport && "sport" in transport) write(octets, start, [...port(transport.sport), ...port(transport.dport)]);
  else if (transport?.kind === "icmp" && transport.id !== undefined) write(octets, start + ICMP_ID, port(transport.id));
}

function addressOctets(address: Address): readonly number[] {
  if (typeof address === "number") return word(address);
  return [96n, 64n, 32n, 0n].flatMap((shift) => word(Number((address >> shift) & 0xffffffffn)));
}

function sumOf(octets: readonly Octet[], initial = 0): number {
  let sum = initial;
  for (let i = 0; i < octets.length; i += 2) sum += (octets[i] ?? 0) * 256 + (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/**
 * Whether the checksum of UDP-Lite is that of the octets that it covers (RFC 3828 section 3.1). Where it is not, it was wrong before or translation
 * has changed it, which nothing tells afterwards.
 */
function hasLiteSum(octets: readonly Octet[], packet: Packet): boolean {
  const covered = (octets[4] ?? 0) * 256 + (octets[5] ?? 0) || packet.length - packet.headerLength;
  return covered <= octets.length && sumOf(octets.slice(0, covered), sumOf(pseudoHeader(packet))) === 0xffff;
}

function pseudoHeader({ src, dst, length, headerLength, protocol }: Packet): readonly number[] {
  return [...addressOctets(src), ...addressOctets(dst), ...word(length - headerLength), 0, protocol];
}

/** The checksum follows every change where it was right before; where that was not seen, so is it now. */
function writeChecksum(octets: Octet[], packet: Packet, at: number): void {
  const initial = packet.protocol === PROTOCOL.icmp ? 0 : sumOf(pseudoHeader(packet));
  if (packet.checksum === "good") {
    write(octets, at, [0, 0]);
    const sum = ~sumOf(octets, initial) & 0xffff;
    const shown = sum === 0 && packet.protocol === PROTOCOL.udp ? 0xffff : sum;
    write(octets, at, [shown >> 8, shown & 255]);
  } else if (packet.checksum === "partial") write(octets, at, [initial >> 8, initial & 255]);
  else if (packet.checksum !== "absent" && changed(octets, packet)) octets.fill(undefined, at, at + 2);
}
