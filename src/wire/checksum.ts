import type { Address } from "../model/address.ts";
import type { Checksum } from "../model/packet.ts";

const WORDS_BEFORE_FOLD = 16384;

/** Adds 16-bit words in network order to a sum, carries folded in (RFC 1071); an odd last octet counts as the high half of a word. */
export function sum16(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial;
  let i = start;
  const even = end - ((end - start) & 1);
  while (i < even) {
    // Keeps the sum within 31 bits, where V8 adds integers instead of doubles.
    const stop = Math.min(even, i + 2 * WORDS_BEFORE_FOLD);
    for (; i < stop; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    sum = fold(sum);
  }
  return even === end ? sum : fold(sum + ((bytes[even] ?? 0) << 8));
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** The sum of the pseudo-header that TCP, UDP and ICMPv6 checksums include (RFC 9293 section 3.1, RFC 8200 section 8.1). */
export function pseudoSum(addresses: number, protocol: number, length: number): number {
  return fold(addresses + protocol + (length & 0xffff) + (length >>> 16));
}

/** The sum of a source and a destination address, for `pseudoSum`. */
export function addressSum(src: Address, dst: Address): number {
  return fold(wordSum(src) + wordSum(dst));
}

function wordSum(address: Address): number {
  if (typeof address === "number") return (address >>> 16) + (address & 0xffff);
  let sum = 0;
  for (let rest = address; rest > 0n; rest >>= 16n) sum += Number(rest & 0xffffn);
  return sum;
}

/** Whether words that include their checksum field add up to all ones. */
export function addsUp(bytes: Uint8Array, start: number, end: number, initial = 0): boolean {
  return sum16(bytes, start, end, initial) === 0xffff;
}

/** Judges the checksum of a transport header: `pseudo` is its pseudo-header's sum, `field` its value (net/netfilter/utils.c, nf_ip_checksum). */
export function transportChecksum(payload: Uint8Array, total: number, pseudo: number, field: number): Checksum {
  if (payload.length < total) return "unseen";
  if (addsUp(payload, 0, total, pseudo)) return "good";
  // CHECKSUM_PARTIAL: the stack left the folded pseudo-header sum for the card to complete (include/net/tcp.h, tcp_v4_check).
  return field === pseudo ? "partial" : "bad";
}
