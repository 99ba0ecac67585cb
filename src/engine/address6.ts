import type { Address } from "../model/address.ts";
import { isLoopback, isMapped, isMulticast } from "../model/address.ts";

/** Scopes as net/ipv6/addrconf.c compares them (IPV6_ADDR_SCOPE_*). */
export const SCOPE = { node: 1, link: 2, site: 5, global: 14 } as const;

/** Whether an address is of fe80::/10. */
export function isLinkLocal(address: Address): boolean {
  return typeof address === "bigint" && address >> 118n === 0x3fan;
}

/** Whether an address is one of a single host, and not `::` (IPV6_ADDR_UNICAST). */
export function isUnicast6(address: Address): boolean {
  return address !== 0n && !isMulticast(address) && !isMapped(address);
}

/** The scope of an address (ipv6_addr_src_scope); that of a group stands in it. */
export function scopeOf(address: Address): number {
  if (typeof address !== "bigint") return SCOPE.global;
  if (isMulticast(address)) return Number((address >> 112n) & 15n);
  if (isLoopback(address) || isLinkLocal(address)) return SCOPE.link;
  return address >> 118n === 0x3fbn ? SCOPE.site : SCOPE.global;
}

/** rt6_need_strict: addresses that mean something on one link only. */
export function needsStrict(address: Address): boolean {
  return isMulticast(address) || isLinkLocal(address) || isLoopback(address);
}

/** The group that neighbours ask an address's owner in (RFC 4291 section 2.7.1). */
export function solicitedNode(address: bigint): bigint {
  return 0xff0200000000000000000001ff000000n | (address & 0xffffffn);
}
