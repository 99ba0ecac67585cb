import type { NatRange } from "../extensions/effect.ts";
import { jenkinsHash } from "../extensions/jenkins-hash.ts";
import type { Address } from "../model/address.ts";
import type { FlowTuple } from "./connection.ts";

const swap32 = (n: number) => (((n & 255) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)) >>> 0;

/** find_best_ips_proto: the address, by a hash over both ends so that a client keeps its address. */
export function withAddress(tuple: FlowTuple, range: NatRange, manip: "src" | "dst", zone: number): FlowTuple {
  const set = (address: Address): FlowTuple => (manip === "src" ? { ...tuple, src: address } : { ...tuple, dst: address });
  const { minAddress: min, maxAddress: max = min } = range;
  if (min === undefined || max === undefined) return tuple;
  if (min === max) return set(min);
  if (typeof min === "bigint") return set(address6(tuple, { min, max: BigInt(max), persistent: range.persistent === true }, manip, zone));
  if (typeof max !== "number" || typeof tuple.src !== "number" || typeof tuple.dst !== "number") return set(min);
  const hash = jenkinsHash([swap32(tuple.src), 0, 0, 0], range.persistent ? 0 : (swap32(tuple.dst) ^ zone) >>> 0);
  return set(Number((BigInt(hash) * BigInt(max - min + 1)) >> 32n) + min);
}

/** An address as four words of 32 bits, the first being the highest. */
function wordsOf(address: Address): readonly number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((BigInt(address) >> shift) & 0xffffffffn));
}

/** The same for IPv6, word by word: behind the first that is below the range's end everything is possible. */
function address6(
  tuple: FlowTuple,
  { min, max, persistent }: { readonly min: bigint; readonly max: bigint; readonly persistent: boolean },
  manip: "src" | "dst",
  zone: number,
): bigint {
  const src = wordsOf(tuple.src).map(swap32);
  const dst = wordsOf(tuple.dst).map(swap32);
  const [least, greatest] = [wordsOf(min), wordsOf(max)];
  let hash = jenkinsHash(src, persistent ? 0 : ((dst[3] ?? 0) ^ zone) >>> 0);
  let anything = false;
  let address = 0n;
  for (let i = 0; i < 4; i++) {
    const from = anything ? 0 : (least[i] ?? 0);
    const span = anything ? 0xffffffff : ((greatest[i] ?? 0) - from + 1) >>> 0;
    const word = (from + Number((BigInt(hash) * BigInt(span)) >> 32n)) >>> 0;
    address = (address << 32n) | BigInt(word);
    if (word !== greatest[i]) anything = true;
    // A new destination has been written over the old one by then.
    if (!persistent) hash = (hash ^ (manip === "dst" ? swap32(word) : (dst[i] ?? 0))) >>> 0;
  }
  return address;
}
