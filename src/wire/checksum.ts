import type { Address } from "../model/address.ts";
import type { Checksum } from "../model/packet.ts";

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Below this length, setting up aligned loads costs more than it saves. */
const WORTH_ALIGNING = 64;
/** Loads of 32 bits whose sum a number still holds exactly. */
const LOADS_BEFORE_FOLD = 1 << 20;
const WORD = 0x1_0000_0000;

/** Adds 16-bit words in network order to a sum, carries folded in (RFC 1071); an odd last octet counts as the high half of a word. */
export function sum16(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  if (end - start < WORTH_ALIGNING) return fold(initial + sumWords(bytes, start, end));
  if (((bytes.byteOffset + start) & 1) === 0) return fold(initial + sumAligned(bytes, start, end));
  // RFC 1071 section 2 (B): words that straddle the alignment add up to the swapped sum.
  return fold(initial + ((bytes[start] ?? 0) << 8) + swap(fold(sumAligned(bytes, start + 1, end))));
}

function sumWords(bytes: Uint8Array, start: number, end: number): number {
  const even = end - ((end - start) & 1);
  let sum = 0;
  for (let i = start; i < even; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  return even === end ? sum : sum + ((bytes[even] ?? 0) << 8);
}

let aligned: Uint32Array = new Uint32Array(0);
let summed: Uint8Array | undefined;
let origin = 0;

function sumAligned(bytes: Uint8Array, start: number, end: number): number {
  // One capture's packets share few buffers, and making this array takes longer than adding up a small packet; so does asking for the buffer.
  if (summed !== bytes) {
    summed = bytes;
    origin = bytes.byteOffset;
    if (aligned.buffer !== bytes.buffer) aligned = new Uint32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
  }
  const words = aligned;
  const begin = (origin + start + 3) >> 2;
  const last = (origin + end) >> 2;
  let sum = 0;
  for (let i = begin; i < last; ) {
    const stop = Math.min(last, i + LOADS_BEFORE_FOLD);
    // Adding them as they are, four at a time, takes half as long as taking their halves apart.
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    for (; i + 3 < stop; i += 4) {
      first += words[i] ?? 0;
      second += words[i + 1] ?? 0;
      third += words[i + 2] ?? 0;
      fourth += words[i + 3] ?? 0;
    }
    for (; i < stop; i++) first += words[i] ?? 0;
    sum = fold(sum + foldWords(first + second + third + fourth));
  }
  if (LITTLE_ENDIAN) sum = swap(sum);
  return sum + sumWords(bytes, start, 4 * begin - origin) + sumWords(bytes, 4 * last - origin, end);
}

/** The 16-bit sum of a sum of 32-bit words. */
function foldWords(sum: number): number {
  const high = Math.floor(sum / WORD);
  const low = sum - high * WORD;
  return fold((low & 0xffff) + (low >>> 16) + high);
}

function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8);
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
  return fold(sumOfWords(src) + sumOfWords(dst));
}

/** The sum of both halves of a 32-bit word. */
export function wordSum(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

function sumOfWords(address: Address): number {
  if (typeof address === "number") return wordSum(address);
  let sum = 0;
  for (let rest = address; rest > 0n; rest >>= 16n) sum += Number(rest & 0xffffn);
  return sum;
}

/** Whether words that include their checksum field add up to all ones. */
export function addsUp(bytes: Uint8Array, start: number, end: number, initial = 0): boolean {
  return sum16(bytes, start, end, initial) === 0xffff;
}

/** Judges the checksum of what starts with a transport header: `pseudo` is its pseudo-header's sum, `field` its value (net/netfilter/utils.c, nf_ip_checksum). */
export function transportChecksum(bytes: Uint8Array, start: number, end: number, pseudo: number, field: number): Checksum {
  if (addsUp(bytes, start, end, pseudo)) return "good";
  // CHECKSUM_PARTIAL: the stack left the folded pseudo-header sum for the card to complete (include/net/tcp.h, tcp_v4_check).
  return field === pseudo ? "partial" : "bad";
}
