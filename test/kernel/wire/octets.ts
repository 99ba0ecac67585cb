import { type Address, type Mac, parseAddress, parseMac } from "../../../src/model/address.ts";

/** An address as text or as the model has it. */
export type At = string | Address;

/** Octets one after another. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A number in so many octets, network order. */
export function number(value: number | bigint, size: number): Uint8Array {
  const octets = new Uint8Array(size);
  let rest = BigInt(value);
  for (let i = size - 1; i >= 0; i--) {
    octets[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return octets;
}

/** The number in `size` octets at an offset; what lies behind the end counts as zero. */
export function read(octets: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (octets[at + i] ?? 0);
  return value;
}

/** Writes a number in network order, as far as there are octets. */
export function write(octets: Uint8Array, at: number, size: number, value: number | bigint): void {
  octets.set(number(value, size).subarray(0, Math.max(0, octets.length - at)), Math.min(at, octets.length));
}

/** The octets of an IPv4 or IPv6 address. */
export function addressOctets(address: At): Uint8Array {
  const value = typeof address === "string" ? parseAddress(address) : address;
  if (value === undefined) throw new Error(`${address} is no address`);
  return number(value, typeof value === "number" ? 4 : 16);
}

/** The octets of an Ethernet address. */
export function macOctets(mac: string | Mac): Uint8Array {
  const value = typeof mac === "string" ? parseMac(mac) : mac;
  if (value === undefined) throw new Error(`${mac} is no Ethernet address`);
  return number(value, 6);
}
