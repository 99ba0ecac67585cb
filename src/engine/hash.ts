import type { Address } from "../model/address.ts";

/** A hash with one more value in it. */
export function mixed(hash: number, value: number): number {
  const mixture = Math.imul(hash ^ value, 0x9e37_79b1);
  return mixture ^ (mixture >>> 15);
}

/** A number for an address. */
export function folded(address: Address): number {
  if (typeof address === "number") return address | 0;
  return Number(BigInt.asIntN(32, address ^ (address >> 32n) ^ (address >> 64n) ^ (address >> 96n)));
}
