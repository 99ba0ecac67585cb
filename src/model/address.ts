/** An IP address: a number (unsigned, 32 bits) is IPv4, a bigint (128 bits) is IPv6. */
export type Address = number | bigint;

/** Address family, as the digit that `ip -4` and `ip -6` use. */
export type Family = 4 | 6;

/** An address with a mask that need not be contiguous (`-s 10.0.0.1/255.0.255.0`). */
export interface AddressMask {
  readonly address: Address;
  readonly mask: Address;
}

/** A route's or a set's destination: address and prefix length in bits. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** An Ethernet address as a number of 48 bits. */
export type Mac = number;

export const MAC_BROADCAST: Mac = 0xffffffffffff;

const ALL_ONES_6 = (1n << 128n) - 1n;

/** The family that an address belongs to. */
export function familyOf(address: Address): Family {
  return typeof address === "number" ? 4 : 6;
}

/** The mask of a prefix length in bits; a number for IPv4, a bigint for IPv6. */
export function maskOf(family: Family, length: number): Address {
  if (family === 4) return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return ALL_ONES_6 ^ ((1n << BigInt(128 - length)) - 1n);
}

/** The bits of an address that a mask of its family keeps. */
export function masked(address: Address, mask: Address): Address {
  return typeof address === "number" ? (address & Number(mask)) >>> 0 : address & BigInt(mask);
}

/** Whether an address agrees with another one under a mask; false when the families differ. */
export function inMask(address: Address, network: Address, mask: Address): boolean {
  if (typeof address === "number") {
    return typeof network === "number" && typeof mask === "number" && ((address ^ network) & mask) === 0;
  }
  return typeof network === "bigint" && typeof mask === "bigint" && ((address ^ network) & mask) === 0n;
}

/** Whether an address lies in a prefix. */
export function inPrefix(address: Address, prefix: Prefix): boolean {
  return inMask(address, prefix.address, maskOf(familyOf(prefix.address), prefix.length));
}

/** The length of a contiguous mask, or undefined when it has holes. */
export function maskLength(mask: Address): number | undefined {
  const bits = typeof mask === "number" ? 32 : 128;
  const inverse = typeof mask === "number" ? BigInt(~mask >>> 0) : ALL_ONES_6 ^ mask;
  if ((inverse & (inverse + 1n)) !== 0n) return undefined;
  return bits - (inverse === 0n ? 0 : inverse.toString(2).length);
}

/** Reads a dotted quad or an IPv6 address (RFC 4291 section 2.2); undefined when the text is neither. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseAddress6(text) : parseAddress4(text);
}

function parseAddress4(text: string): number | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  // By hand: rulesets have addresses by the ten thousand.
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      octet = octet * 10 + code - 48;
      if (++digits > 3 || octet > 255) return undefined;
    } else if (code !== 46 || digits === 0 || ++dots > 3) return undefined;
    else {
      value = value * 256 + octet;
      octet = digits = 0;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : undefined;
}

function parseAddress6(text: string): bigint | undefined {
  let body = text;
  const quad = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (quad) {
    const low = parseAddress4(quad[2] ?? "");
    if (low === undefined) return undefined;
    body = `${quad[1]}${(low >>> 16).toString(16)}:${(low & 0xffff).toString(16)}`;
  }
  const halves = body.split("::");
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined) => (half ? half.split(":") : []);
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<string>(missing).fill("0"), ...tail]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
}

/** Writes an address as glibc's inet_ntop does, and so all tools: RFC 5952 for IPv6, with a dotted quad in ::a.b.c.d and ::ffff:a.b.c.d. */
export function formatAddress(address: Address): string {
  if (typeof address === "number") {
    return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  }
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((address >> shift) & 0xffffn));
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) [bestStart, bestLength] = [i, n];
  }
  const hex = (part: number[]) => part.map((g) => g.toString(16)).join(":");
  if (bestStart < 0) return hex(groups);
  if (bestStart === 0 && (bestLength === 6 || (bestLength === 5 && groups[5] === 0xffff))) {
    return `${bestLength === 5 ? "::ffff:" : "::"}${formatAddress(Number(address & 0xffffffffn))}`;
  }
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}

/** Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0` or a bare address (a prefix of full length); undefined when it is neither. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = familyOf(address) === 4 ? 32 : 128;
  if (slash < 0) return { address, length: bits };
  const suffix = text.slice(slash + 1);
  if (/^\d{1,3}$/.test(suffix)) return Number(suffix) <= bits ? { address, length: Number(suffix) } : undefined;
  const mask = parseAddress(suffix);
  if (mask === undefined || familyOf(mask) !== familyOf(address)) return undefined;
  const length = maskLength(mask);
  return length === undefined ? undefined : { address, length };
}

/** Writes a prefix; one of full length without its length. */
export function formatPrefix(prefix: Prefix): string {
  const full = familyOf(prefix.address) === 4 ? 32 : 128;
  return prefix.length === full ? formatAddress(prefix.address) : `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** Reads six hexadecimal octets with colons; undefined when the text is something else. */
export function parseMac(text: string): Mac | undefined {
  return /^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(text) ? Number.parseInt(text.replaceAll(":", ""), 16) : undefined;
}

/** Writes an Ethernet address as six lower-case octets. */
export function formatMac(mac: Mac): string {
  return (mac.toString(16).padStart(12, "0").match(/../g) ?? []).join(":");
}

/** Whether an IPv4 or IPv6 address is a multicast group (RFC 1112, RFC 4291). */
export function isMulticast(address: Address): boolean {
  return typeof address === "number" ? address >>> 28 === 14 : address >> 120n === 0xffn;
}

/** Whether it is an IPv4 address in the clothes of IPv6, ::ffff:192.0.2.1, which is no unicast address (net/ipv6/addrconf_core.c, __ipv6_addr_type). */
export function isMapped(address: Address): boolean {
  return typeof address === "bigint" && address >> 32n === 0xffffn;
}

/** Whether an address never leaves its host (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLoopback(address: Address): boolean {
  return typeof address === "number" ? address >>> 24 === 127 : address === 1n;
}

/** The group of all hosts, which every device has joined (RFC 1112 section 4). */
export const ALL_HOSTS = 0xe0000001;

/** Whether an Ethernet address has its group bit set (broadcast included). */
export function isGroupMac(mac: Mac): boolean {
  return Math.floor(mac / 0x10000000000) % 2 === 1;
}
