import {
  type Address,
  type AddressMask,
  type Family,
  familyOf,
  formatAddress,
  formatMac,
  type Mac,
  maskLength,
  maskOf,
  parseAddress,
  parseMac,
} from "../model/address.ts";
import { SERVICES } from "./services.ts";
import type { Codec } from "./spec.ts";

/** An inclusive range of numbers. */
export type Range = readonly [number, number];

/** A value and the bits of it that count. */
export interface Masked {
  readonly value: number;
  readonly mask: number;
}

/** Reads a number as iptables' xtables_strtoul does: decimal, 0x… or 0… for octal; undefined outside the limits. */
export function parseNumber(text: string, min = 0, max = 0xffffffff): number | undefined {
  if (!/^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return undefined;
  const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : /^0\d/.test(text) ? Number.NaN : Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** "0x1f", padded to `digits`. */
export function hex(value: number, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Quotes a word where iptables-save does (xtables_save_string). */
export function quote(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replace(/["\\']/g, "\\$&")}"`;
}

/** A codec over one word. */
export function word<T>(expected: string, parse: (text: string, family?: Family) => T | undefined, save: (value: T) => string): Codec<T> {
  return { words: 1, expected, parse: ([text], family) => (text === undefined ? undefined : parse(text, family)), save };
}

/** A flag without words. */
export const FLAG: Codec<true> = { words: 0, expected: "nothing", parse: () => true, save: () => "" };

/** A number within limits, saved in decimal. */
export function number(min: number, max: number): Codec<number> {
  return word(`a number from ${min} to ${max}`, (text) => parseNumber(text, min, max), String);
}

/** A number within limits, saved as 0x with a fixed number of digits. */
export function hexNumber(max: number, digits: number): Codec<number> {
  return word(
    `a number from 0 to ${max}`,
    (text) => parseNumber(text, 0, max),
    (value) => hex(value, digits),
  );
}

/** Reads "a", "a:b", ":b" or "a:" (or with another separator); undefined when the parts are no numbers within the limits. */
export function parseRange(
  text: string,
  max: number,
  separator = ":",
  part: (text: string) => number | undefined = plain(max),
): Range | undefined {
  const at = text.indexOf(separator);
  if (at < 0) {
    const value = part(text);
    return value === undefined ? undefined : [value, value];
  }
  const low = at === 0 ? 0 : part(text.slice(0, at));
  const high = at === text.length - 1 ? max : part(text.slice(at + 1));
  return low === undefined || high === undefined || text.length === 1 ? undefined : [low, high];
}

function plain(max: number): (text: string) => number | undefined {
  return (text) => parseNumber(text, 0, max);
}

/** "5" or "5:9". */
export function saveRange([low, high]: Range, separator = ":"): string {
  return low === high ? String(low) : `${low}${separator}${high}`;
}

/** A range of numbers; iptables mostly lets one through that ends before it begins and matches nothing, which `ordered` refuses. */
export function range(max: number, expected = `a number or range (a:b) up to ${max}`, ordered = false): Codec<Range> {
  const parse = (text: string) => {
    const found = parseRange(text, max);
    return ordered && found && found[0] > found[1] ? undefined : found;
  };
  return word(expected, parse, saveRange);
}

/** Reads a port number or a service name of /etc/services. */
export function parsePort(text: string): number | undefined {
  return parseNumber(text, 0, 65535) ?? SERVICES[text];
}

const PORTS = "a port, a range (a:b) or a service name";

/** A port, a range or a service name; the range may end before it begins, and then matches nothing. */
export const PORT_RANGE: Codec<Range> = word(PORTS, (text) => parseRange(text, 65535, ":", parsePort), saveRange);

/** A port, a range in order or a service name. */
export const ORDERED_PORT_RANGE: Codec<Range> = {
  ...PORT_RANGE,
  parse: (words) => {
    const found = PORT_RANGE.parse(words);
    return found && found[0] <= found[1] ? found : undefined;
  },
};

/** `value[/mask]` as -m mark and MARK read it; saved with the mask unless it is all ones and `always` is false. */
export function masked(bits: 8 | 32, always: boolean): Codec<Masked> {
  const all = bits === 8 ? 0xff : 0xffffffff;
  const digits = bits === 8 ? 2 : 1;
  const parse = (text: string): Masked | undefined => {
    const [first = "", second, ...rest] = text.split("/");
    const value = parseNumber(first, 0, all);
    const mask = second === undefined ? all : parseNumber(second, 0, all);
    return value === undefined || mask === undefined || rest.length > 0 ? undefined : { value, mask };
  };
  return word(`a value, or value/mask, of ${bits} bits`, parse, ({ value, mask }) =>
    always || mask !== all ? `${hex(value, digits)}/${hex(mask, digits)}` : hex(value, digits),
  );
}

/** A prefix length; a netmask of the rule's family is turned into one. */
export const PREFIX_LENGTH: Codec<number> = word(
  "a prefix length or a netmask",
  (text, family) => {
    const mask = parseAddressOf(text, family);
    return mask === undefined ? parseNumber(text, 0, 128) : maskLength(mask);
  },
  String,
);

/** An Ethernet address. */
export const MAC: Codec<Mac> = word("an Ethernet address (six octets with colons)", parseMac, formatMac);

/** An address with an optional prefix length or mask. */
export const ADDRESS_MASK: Codec<AddressMask> = word("an address, or address/mask", parseAddressMask, saveAddressMask);

/** Reads an address, of the given family if one is given. */
export function parseAddressOf(text: string, family: Family | undefined): Address | undefined {
  const address = parseAddress(text);
  return address === undefined || (family !== undefined && familyOf(address) !== family) ? undefined : address;
}

/** Reads `address[/length|/mask]`, of the given family if one is given; the host bits stay as they were written. */
export function parseAddressMask(text: string, wanted?: Family): AddressMask | undefined {
  const slash = text.indexOf("/");
  const address = parseAddressOf(slash < 0 ? text : text.slice(0, slash), wanted);
  if (address === undefined) return undefined;
  const family = familyOf(address);
  const bits = family === 4 ? 32 : 128;
  if (slash < 0) return { address, mask: maskOf(family, bits) };
  const suffix = text.slice(slash + 1);
  const length = parseNumber(suffix, 0, bits);
  if (length !== undefined) return { address, mask: maskOf(family, length) };
  const mask = parseAddress(suffix);
  return mask === undefined || familyOf(mask) !== family ? undefined : { address, mask };
}

/** Writes an address with its mask, as a length where it is one; without when it is full. */
export function saveAddressMask({ address, mask }: AddressMask): string {
  const length = maskLength(mask);
  if (length === (familyOf(address) === 4 ? 32 : 128)) return formatAddress(address);
  return `${formatAddress(address)}/${length ?? formatAddress(mask)}`;
}

/** One of the given names; iptables accepts them in any case where `anyCase` is set. */
export function choice<T extends string>(names: readonly T[], anyCase = false): Codec<T> {
  const find = (text: string) => names.find((name) => name === text || (anyCase && name.toLowerCase() === text.toLowerCase()));
  return word(`one of ${names.join(", ")}`, find, (name) => name);
}

/** A comma-separated list of names, in any case unless `exactCase` is set, saved in the order of `names`. */
export function choices<T extends string>(names: readonly T[], exactCase = false): Codec<readonly T[]> {
  const parse = (text: string): readonly T[] | undefined => {
    const given = text
      .split(",")
      .map((part) => names.find((name) => name === part || (!exactCase && name.toLowerCase() === part.toLowerCase())));
    return given.includes(undefined) ? undefined : names.filter((name) => given.includes(name));
  };
  return word(`a list of ${names.join(", ")}`, parse, (list) => list.join(","));
}

/** Text of which iptables keeps so many characters, quoted when saved where that is needed. */
export function text(max: number): Codec<string> {
  return { ...word(`text of at most ${max} characters`, (value) => value.slice(0, max), quote), takesAny: true };
}
