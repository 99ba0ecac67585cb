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
  if (typeof min !== "number" || typeof max !== "number" || typeof tuple.src !== "number" || typeof tuple.dst !== "number") return set(min);
  const hash = jenkinsHash([swap32(tuple.src), 0, 0, 0], range.persistent ? 0 : (swap32(tuple.dst) ^ zone) >>> 0);
  return set(Number((BigInt(hash) * BigInt(max - min + 1)) >> 32n) + min);
}
