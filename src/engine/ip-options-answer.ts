import type { Packet } from "../model/packet.ts";
import { addressAt, type IpOptions, known, type OptionOctets, optionsOf, PRESPECIFIED, writeAddress } from "./ip-options.ts";

/** The options of an answer, before it has a header of its own. */
export interface EchoedOptions {
  readonly octets: OptionOctets;
  readonly options: IpOptions;
  /** The first hop of the way back, when that is a source route. */
  readonly firstHop?: number;
}

/**
 * The options that an ICMP error takes over from the packet that it is about (net/ipv4/ip_options.c, __ip_options_echo): "none" when it has
 * none, "impossible" when these cannot be repeated, and so no error is sent. `isUnicast` as in `OptionHost`.
 */
export function echoOptions(
  packet: Packet,
  options: IpOptions,
  isUnicast: (address: number) => boolean,
): EchoedOptions | "none" | "impossible" {
  const source = optionsOf(packet);
  const octets: OptionOctets = [];
  const echoed: IpOptions = {};
  let firstHop: number | undefined;
  if (options.rr !== undefined && !echoRecordRoute(source, options, octets, echoed)) return "impossible";
  if (options.ts !== undefined && !echoTimestamp(source, options, octets, echoed, isUnicast)) return "impossible";
  if (options.srr !== undefined) firstHop = echoSourceRoute(source, options.srr, packet, octets, echoed, options.strict === true);
  if (options.cipso !== undefined) {
    echoed.cipso = octets.length;
    octets.push(...optionAt(source, options.cipso));
  }
  while (octets.length % 4 !== 0) octets.push(0);
  if (octets.length === 0) return "none";
  return { octets, options: echoed, ...(firstHop !== undefined && { firstHop }) };
}

function optionAt(source: OptionOctets, at: number): OptionOctets {
  return source.slice(at, at + known(source, at + 1));
}

function echoRecordRoute(source: OptionOctets, options: IpOptions, octets: OptionOctets, echoed: IpOptions): boolean {
  const option = optionAt(source, options.rr ?? 0);
  const pointer = known(option, 2);
  if (options.recordAddress && pointer <= option.length) {
    if (pointer + 3 > option.length) return false;
    option[2] = pointer + 4;
    echoed.recordAddress = true;
  }
  echoed.rr = octets.length;
  octets.push(...option);
  return true;
}

function echoTimestamp(
  source: OptionOctets,
  options: IpOptions,
  octets: OptionOctets,
  echoed: IpOptions,
  isUnicast: (address: number) => boolean,
): boolean {
  const option = optionAt(source, options.ts ?? 0);
  let pointer = known(option, 2);
  if (pointer <= option.length) {
    if (options.stampAddress) {
      if (pointer + 3 > option.length) return false;
      echoed.stampAddress = true;
      pointer += 4;
    }
    if (options.stampTime) {
      if (pointer + 3 > option.length) return false;
      if ((known(option, 3) & 15) !== PRESPECIFIED) {
        echoed.stampTime = true;
        pointer += 4;
      } else if (pointer + 7 <= option.length && !isUnicast(addressAt(option, pointer - 1))) {
        echoed.stampTime = true;
        pointer += 8;
      }
    }
    option[2] = pointer;
  }
  echoed.ts = octets.length;
  octets.push(...option);
  return true;
}

/** The way that was taken, backwards; its last address is written when the header is built. */
function echoSourceRoute(
  source: OptionOctets,
  srr: number,
  packet: Packet,
  octets: OptionOctets,
  echoed: IpOptions,
  strict: boolean,
): number | undefined {
  const option = optionAt(source, srr);
  const hops: number[] = [];
  for (let at = Math.min(known(option, 2), option.length + 1) - 4; at > 3; at -= 4) hops.push(addressAt(option, at - 1));
  const firstHop = hops.shift();
  if (firstHop === undefined) return undefined;
  const oldest = hops.at(-1) ?? firstHop;
  const addresses = oldest === packet.src ? hops.slice(0, -1) : hops;
  // RFC 1812 section 4.2.2.6: a source route that begins with its own source is illegal, and is mended.
  const size = 4 * (hops.length + 1) - (oldest === packet.src ? 4 : 0);
  if (size < 4) return undefined;
  echoed.srr = octets.length;
  echoed.strict = strict;
  const start = octets.length;
  octets.push(option[0], size + 3, 4, ...Array<number>(size).fill(0));
  for (const [i, hop] of addresses.entries()) writeAddress(octets, start + 3 + 4 * i, hop);
  return firstHop;
}

/** Completes the options of a packet that the host itself makes (ip_options_build). */
export function buildOptions({ octets: given, options }: EchoedOptions, src: number, dst: number): OptionOctets {
  const octets = [...given];
  if (options.srr !== undefined) writeAddress(octets, options.srr + known(octets, options.srr + 1) - 4, dst);
  if (options.recordAddress && options.rr !== undefined) writeAddress(octets, options.rr + known(octets, options.rr + 2) - 5, src);
  const { ts } = options;
  if (ts === undefined) return octets;
  if (options.stampAddress) writeAddress(octets, ts + known(octets, ts + 2) - 9, src);
  if (options.stampTime) writeAddress(octets, ts + known(octets, ts + 2) - 5, undefined);
  return octets;
}
