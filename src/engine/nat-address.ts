import type { NatRange } from "../extensions/spec.ts";
import type { Address } from "../model/address.ts";
import type { FlowTuple } from "./connection.ts";

/** Bob Jenkins' hash over 32-bit words (include/linux/jhash.h, jhash2). */
function jhash2(words: readonly number[], initval: number): number {
  const rol = (n: number, by: number) => (n << by) | (n >>> (32 - by));
  let a = (0xdeadbeef + (words.length << 2) + initval) | 0;
  let b = a;
  let c = a;
  let i = 0;
  let left = words.length;
  while (left > 3) {
    a = (a + (words[i] ?? 0)) | 0;
    b = (b + (words[i + 1] ?? 0)) | 0;
    c = (c + (words[i + 2] ?? 0)) | 0;
    a = ((a - c) ^ rol(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rol(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rol(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rol(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rol(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rol(b, 4)) | 0;
    b = (b + a) | 0;
    i += 3;
    left -= 3;
  }
  if (left === 0) return c >>> 0;
  if (left >= 3) c = (c + (words[i + 2] ?? 0)) | 0;
  if (left >= 2) b = (b + (words[i + 1] ?? 0)) | 0;
  a = (a + (words[i] ?? 0)) | 0;
  c = ((c ^ b) - rol(b, 14)) | 0;
  a = ((a ^ c) - rol(c, 11)) | 0;
  b = ((b ^ a) - rol(a, 25)) | 0;
  c = ((c ^ b) - rol(b, 16)) | 0;
  a = ((a ^ c) - rol(c, 4)) | 0;
  b = ((b ^ a) - rol(a, 14)) | 0;
  c = ((c ^ b) - rol(b, 24)) | 0;
  return c >>> 0;
}

const swap32 = (n: number) => (((n & 255) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)) >>> 0;

/** find_best_ips_proto: the address, by a hash over both ends so that a client keeps its address. */
export function withAddress(tuple: FlowTuple, range: NatRange, manip: "src" | "dst", zone: number): FlowTuple {
  const set = (address: Address): FlowTuple => (manip === "src" ? { ...tuple, src: address } : { ...tuple, dst: address });
  const { minAddress: min, maxAddress: max = min } = range;
  if (min === undefined || max === undefined) return tuple;
  if (min === max) return set(min);
  if (typeof min !== "number" || typeof max !== "number" || typeof tuple.src !== "number" || typeof tuple.dst !== "number") return set(min);
  const hash = jhash2([swap32(tuple.src), 0, 0, 0], range.persistent ? 0 : (swap32(tuple.dst) ^ zone) >>> 0);
  return set(Number((BigInt(hash) * BigInt(max - min + 1)) >> 32n) + min);
}
