import {
  type Address,
  type Family,
  familyOf,
  formatAddress,
  formatMac,
  masked,
  maskOf,
  parseAddress,
  parseMac,
  parsePrefix,
} from "../../model/address.ts";
import { protocolName } from "../../model/packet.ts";
import { parseNumber, parsePort, parseRange } from "../codecs.ts";
import { ICMP_NAMES, ICMP6_NAMES, icmpPort } from "../icmp-types.ts";
import { parseProtocol } from "../protocols.ts";
import type { Dimension } from "./types.ts";

/** One part of an element as a key; `length` is that of a network part. */
export interface Part {
  readonly key: string;
  readonly length?: number;
}

/** More elements than one line of `ipset save` is taken apart into. */
const MOST = 65_536n;

/** The address under a mask, which a number up to 128 gives by its length. */
export function underMask(address: Address, bits: number | Address): Address {
  return masked(address, typeof bits === "number" && bits <= 128 ? maskOf(familyOf(address), bits) : bits);
}

/** "10.0.0.0/8": the key of a network part. */
export function netKey(address: Address, length: number): string {
  return `${formatAddress(underMask(address, length))}/${length}`;
}

/** "tcp:80": the key of a port part; ICMP packs type and code into the number. */
export function portKey(protocol: number, port: number): string {
  return `${protocolName(protocol)}:${port}`;
}

/** Reads one part of an element: a range becomes several parts; undefined when it cannot be read. */
export function parsePart(dimension: Dimension, text: string, bits: number | Address | undefined): readonly Part[] | undefined {
  switch (dimension) {
    case "ip":
      return addresses(text)?.map((address) => ({ key: formatAddress(bits === undefined ? address : underMask(address, bits)) }));
    case "net":
      return networks(text)?.map(({ address, length }) => ({
        key: netKey(bits === undefined ? address : underMask(address, bits), length),
        length,
      }));
    case "port":
      return ports(text);
    case "mac": {
      const mac = parseMac(text);
      return mac === undefined ? undefined : [{ key: formatMac(mac) }];
    }
    case "mark": {
      const mark = parseNumber(text);
      return mark === undefined ? undefined : [{ key: String(mark) }];
    }
    default:
      return text === "" ? undefined : [{ key: text }];
  }
}

interface Span {
  readonly family: Family;
  readonly low: bigint;
  readonly high: bigint;
}

function span(text: string): Span | undefined {
  const prefix = parsePrefix(text);
  if (prefix) {
    const family = familyOf(prefix.address);
    const low = BigInt(underMask(prefix.address, prefix.length));
    return { family, low, high: low + (1n << BigInt((family === 4 ? 32 : 128) - prefix.length)) - 1n };
  }
  const [low, high] = text.split("-").map(parseAddress);
  if (low === undefined || high === undefined || familyOf(low) !== familyOf(high) || low > high) return undefined;
  return { family: familyOf(low), low: BigInt(low), high: BigInt(high) };
}

function asAddress(family: Family, value: bigint): Address {
  return family === 4 ? Number(value) : value;
}

function addresses(text: string): readonly Address[] | undefined {
  const found = span(text);
  if (!found || found.high - found.low >= MOST) return undefined;
  const list: Address[] = [];
  for (let value = found.low; value <= found.high; value++) list.push(asAddress(found.family, value));
  return list;
}

function networks(text: string): readonly { readonly address: Address; readonly length: number }[] | undefined {
  const prefix = parsePrefix(text);
  if (prefix) return [prefix];
  const found = span(text);
  if (!found) return undefined;
  const bits = found.family === 4 ? 32 : 128;
  const list: { readonly address: Address; readonly length: number }[] = [];
  for (let value = found.low; value <= found.high; ) {
    let free = 0;
    while (free < bits && (value & ((2n << BigInt(free)) - 1n)) === 0n && value + (2n << BigInt(free)) - 1n <= found.high) free++;
    list.push({ address: asAddress(found.family, value), length: bits - free });
    value += 1n << BigInt(free);
  }
  return list;
}

function ports(text: string): readonly Part[] | undefined {
  const colon = text.indexOf(":");
  const protocol = colon < 0 ? 6 : parseProtocol(text.slice(0, colon));
  const rest = text.slice(colon + 1);
  if (protocol === undefined) return undefined;
  if (protocol === 1 || protocol === 58) {
    const port = /^\d+$/.test(rest) ? undefined : icmpPort(protocol === 1 ? ICMP_NAMES : ICMP6_NAMES, rest);
    const type = parseNumber(rest, 0, 255);
    const number = port ?? (type === undefined ? undefined : type * 256);
    return number === undefined ? undefined : [{ key: portKey(protocol, number) }];
  }
  const range = parseRange(rest, 65_535, "-", parsePort);
  if (!range) return undefined;
  return Array.from({ length: range[1] - range[0] + 1 }, (_, i) => ({ key: portKey(protocol, range[0] + i) }));
}
