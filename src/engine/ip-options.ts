import type { Packet } from "../model/packet.ts";
import { sum16 } from "../wire/checksum.ts";
import { Undecided } from "./undecided.ts";

/** Octets of an IPv4 header before its options. */
export const FIXED_HEADER = 20;

/** Types of options (RFC 791 section 3.1, RFC 2113, draft-ietf-cipso-ipsecurity), the copied bit included. */
const OPTION = { END: 0, NOP: 1, RR: 7, TIMESTAMP: 68, LSRR: 131, CIPSO: 134, SSRR: 137, ROUTER_ALERT: 148 } as const;

const TIMESTAMP_ONLY = 0;
const TIMESTAMP_AND_ADDRESS = 1;
/** Timestamps only from the hosts that the sender has named. */
export const PRESPECIFIED = 3;
const COPIED = 0x80;

/** Octets of options; undefined where a host wrote what nobody else can know. */
export type OptionOctets = (number | undefined)[];

/** What the kernel knows of a packet's options once it has read them (struct ip_options); places count from the first option. */
export interface IpOptions {
  srr?: number;
  rr?: number;
  ts?: number;
  cipso?: number;
  strict?: boolean;
  routerAlert?: boolean;
  recordAddress?: boolean;
  stampAddress?: boolean;
  stampTime?: boolean;
  /** Where a source route that names this host sends the packet next. */
  nexthop?: number;
}

/** What reading options needs to know of the host. */
export interface OptionHost {
  /** The address that the host writes in (fib_compute_spec_dst); undefined when it is not known. */
  ownAddress(): number | undefined;
  /** Whether an address is none of the host's own, of a broadcast or of a group. */
  isUnicast(address: number): boolean;
}

/** The options of a packet. */
export function optionsOf(packet: Packet): OptionOctets {
  const octets: OptionOctets = [...(packet.ipOptions ?? [])];
  for (const at of packet.unknownOptions ?? []) octets[at] = undefined;
  if (octets.length < packet.headerLength - FIXED_HEADER) throw new Undecided("its IP options, which were not captured");
  return octets;
}

/** The packet with other options and, where the kernel does not calculate it anew, with the header checksum that it had. */
export function withOptions(packet: Packet, octets: OptionOctets, checksum: "anew" | "kept"): Packet {
  const { unknownOptions, ...rest } = packet;
  const ipOptions = Uint8Array.from(octets, (octet) => octet ?? 0);
  const unknown = octets.flatMap((octet, at) => (octet === undefined ? [at] : []));
  const sum = (bytes: Uint8Array) => sum16(bytes, 0, bytes.length) % 0xffff;
  const same = sum(ipOptions) === sum(packet.ipOptions ?? ipOptions) && unknown.length === (unknownOptions?.length ?? 0);
  const headerChecksum = checksum === "anew" ? "good" : same ? packet.headerChecksum : "bad";
  return { ...rest, ipOptions, ...(headerChecksum && { headerChecksum }), ...(unknown.length > 0 && { unknownOptions: unknown }) };
}

/** An octet that decides where things go; only addresses and times can be unknown. */
export function known(octets: OptionOctets, at: number): number {
  const octet = octets[at];
  if (octet === undefined) throw new Undecided("what another host wrote into its IP options");
  return octet;
}

/** The address that stands in options. */
export function addressAt(octets: OptionOctets, at: number): number {
  return [0, 1, 2, 3].reduce((sum, i) => ((sum << 8) | known(octets, at + i)) >>> 0, 0);
}

/** Writes an address, or four octets that are not known. */
export function writeAddress(octets: OptionOctets, at: number, address: number | undefined): void {
  for (let i = 0; i < 4; i++) octets[at + i] = address === undefined ? undefined : (address >>> (24 - 8 * i)) & 255;
}

/**
 * Reads and checks options, and fills in what a record route or timestamp asks for (net/ipv4/ip_options.c, __ip_options_compile).
 * Returns what it is that is wrong with them, as the pointer of an ICMP parameter problem, or undefined. Both `octets` and `options` are changed.
 */
export function readOptions(octets: OptionOctets, options: IpOptions, host: OptionHost): number | undefined {
  for (let at = 0; at < octets.length; ) {
    const type = known(octets, at);
    if (type === OPTION.END) {
      octets.fill(OPTION.END, at);
      return undefined;
    }
    if (type === OPTION.NOP) {
      at++;
      continue;
    }
    const left = octets.length - at;
    const length = left < 2 ? 0 : known(octets, at + 1);
    const wrong = length < 2 || length > left ? 0 : readOption(octets, at, length, options, host);
    if (wrong !== undefined) return FIXED_HEADER + at + wrong;
    at += length;
  }
  return undefined;
}

/** The place within the option of what is wrong with it. */
function readOption(octets: OptionOctets, at: number, length: number, options: IpOptions, host: OptionHost): number | undefined {
  const type = known(octets, at);
  switch (type) {
    case OPTION.SSRR:
    case OPTION.LSRR:
      if (length < 3) return 1;
      if (known(octets, at + 2) < 4) return 2;
      if (options.srr !== undefined) return 0;
      options.strict = type === OPTION.SSRR;
      options.srr = at;
      return undefined;
    case OPTION.RR:
      return readRecordRoute(octets, at, length, options, host);
    case OPTION.TIMESTAMP:
      return readTimestamp(octets, at, length, options, host);
    case OPTION.ROUTER_ALERT:
      if (length < 4) return 1;
      if (octets[at + 2] === 0 && octets[at + 3] === 0) options.routerAlert = true;
      return undefined;
    case OPTION.CIPSO:
      if (options.cipso !== undefined) return 0;
      options.cipso = at;
      return readLabel(octets, at, length);
    default:
      return undefined;
  }
}

function readRecordRoute(octets: OptionOctets, at: number, length: number, options: IpOptions, host: OptionHost): number | undefined {
  if (options.rr !== undefined) return 0;
  if (length < 3) return 1;
  const pointer = known(octets, at + 2);
  if (pointer < 4) return 2;
  if (pointer <= length) {
    if (pointer + 3 > length) return 2;
    writeAddress(octets, at + pointer - 1, host.ownAddress());
    octets[at + 2] = pointer + 4;
    options.recordAddress = true;
  }
  options.rr = at;
  return undefined;
}

function readTimestamp(octets: OptionOctets, at: number, length: number, options: IpOptions, host: OptionHost): number | undefined {
  if (options.ts !== undefined) return 0;
  if (length < 4) return 1;
  const pointer = known(octets, at + 2);
  if (pointer < 5) return 2;
  const [overflow, kind] = [known(octets, at + 3) >> 4, known(octets, at + 3) & 15];
  if (pointer > length) {
    if (kind !== PRESPECIFIED) {
      if (overflow === 15) return 3;
      octets[at + 3] = kind | ((overflow + 1) << 4);
    }
  } else {
    const wrong = stamp(octets, at, length, kind, options, host);
    if (wrong !== undefined) return wrong;
  }
  options.ts = at;
  return undefined;
}

function stamp(octets: OptionOctets, at: number, length: number, kind: number, options: IpOptions, host: OptionHost): number | undefined {
  const pointer = known(octets, at + 2);
  const place = at + pointer - 1;
  if (pointer + 3 > length) return 2;
  if (kind === TIMESTAMP_ONLY) {
    writeAddress(octets, place, undefined);
    options.stampTime = true;
    octets[at + 2] = (pointer + 4) & 255;
  } else if (kind === TIMESTAMP_AND_ADDRESS || kind === PRESPECIFIED) {
    if (pointer + 7 > length) return 2;
    if (kind === PRESPECIFIED && host.isUnicast(addressAt(octets, place))) return undefined;
    if (kind === TIMESTAMP_AND_ADDRESS) {
      writeAddress(octets, place, host.ownAddress());
      options.stampAddress = true;
    }
    writeAddress(octets, place + 4, undefined);
    options.stampTime = true;
    octets[at + 2] = (pointer + 8) & 255;
  }
  return undefined;
}

/** A security label (net/ipv4/cipso_ipv4.c, cipso_v4_validate): good only in a domain that the host was told of. */
function readLabel(octets: OptionOctets, at: number, length: number): number {
  if (length < 8) return 1;
  if (addressAt(octets, at + 2) === 0) return 2;
  throw new Undecided("whether the host knows the domain of its CIPSO label (netlabelctl cipsov4 list)");
}

/** The options of all fragments but the first: those without the copied bit give way to no-operations (ip_options_fragment). */
export function copiedOptions(given: OptionOctets): OptionOctets {
  const octets = [...given];
  for (let at = 0; at < octets.length; ) {
    const type = known(octets, at);
    if (type === OPTION.END) break;
    if (type === OPTION.NOP) {
      at++;
      continue;
    }
    const length = octets[at + 1] ?? 0;
    if (length < 2 || at + length > octets.length) break;
    if (!(type & COPIED)) octets.fill(OPTION.NOP, at, at + length);
    at += length;
  }
  return octets;
}
