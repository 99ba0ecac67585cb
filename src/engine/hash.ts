import type { Address } from "../model/address.ts";

/** A hash with one more value in it. */
export function mixed(hash: number, value: number): number {
  const mixture = Math.imul(hash ^ value, 0x9e37_79b1);
  return mixture ^ (mixture >>> 15);
}

/** A hash with an address more in it, all of whose bits count by where they stand. */
export function mixedWith(hash: number, address: Address): number {
  if (typeof address === "number") return mixed(hash, address | 0);
  let all = hash;
  for (const from of [0n, 32n, 64n, 96n]) all = mixed(all, Number(BigInt.asIntN(32, address >> from)));
  return all;
}

/** A number for an address. */
export function folded(address: Address): number {
  if (typeof address === "number") return address | 0;
  return Number(BigInt.asIntN(32, address ^ (address >> 32n) ^ (address >> 64n) ^ (address >> 96n)));
}
