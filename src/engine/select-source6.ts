import { type Address, inPrefix, isLoopback, isMulticast, type Prefix } from "../model/address.ts";
import type { Device, DeviceAddress } from "../model/host.ts";
import { SCOPE, scopeOf } from "./address6.ts";

const prefix = (address: bigint, length: number): Prefix => ({ address: address << BigInt(128 - length), length });

/** ip6addrlbl_init_table, the longest prefix first. */
const LABELS: readonly (readonly [Prefix, number])[] = [
  [prefix(1n, 128), 0],
  [prefix(0n, 96), 3],
  [prefix(0xffffn, 96), 4],
  [prefix(0x20010000n, 32), 6],
  [prefix(0x2001001n, 28), 7],
  [prefix(0x2002n, 16), 2],
  [prefix(0x3ffen, 16), 12],
  [prefix(0x3fbn, 10), 11],
  [prefix(0x7en, 7), 5],
];
const OTHER = 1;

function labelOf(address: Address): number {
  return LABELS.find(([network]) => inPrefix(address, network))?.[1] ?? OTHER;
}

/** Leading bits that two addresses have in common (ipv6_addr_diff). */
function commonBits(a: Address, b: Address): number {
  const difference = BigInt(a) ^ BigInt(b);
  return difference === 0n ? 128 : 128 - difference.toString(2).length;
}

/** __ipv6_addr_src_scope: an address of zeros has none, so that any will do for it and the narrowest is the best. */
function wantedScope(towards: Address): number {
  return towards === 0n ? -1 : scopeOf(towards);
}

/** ipv6_get_saddr_eval: what is compared of a source address, in this order, the greater being the better. */
function scores(own: DeviceAddress, device: Device, towards: Address, out: string | undefined): readonly number[] {
  const scope = scopeOf(own.address);
  return [
    own.address === towards ? 1 : 0,
    scope >= wantedScope(towards) ? -scope : scope - 128,
    own.deprecated ? 0 : 1,
    out === undefined || device.name === out ? 1 : 0,
    labelOf(own.address) === labelOf(towards) ? 1 : 0,
    Math.min(commonBits(own.address, towards), own.length),
  ];
}

function isBetter(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0);
}

/** The source address for a destination, of a device where that is known (net/ipv6/addrconf.c, ipv6_dev_get_saddr). */
export function selectSource6(devices: ReadonlyMap<string, Device>, out: string | undefined, towards: Address): Address | undefined {
  const only = out !== undefined && (isMulticast(towards) || wantedScope(towards) <= SCOPE.link);
  let best: { readonly address: Address; readonly scores: readonly number[] } | undefined;
  for (const device of devices.values()) {
    if (!device.up || (only && device.name !== out)) continue;
    for (const own of device.addresses) {
      if (typeof own.address !== "bigint" || own.tentative) continue;
      const rated = scores(own, device, towards, out);
      if (!best || isBetter(rated, best.scores)) best = { address: own.address, scores: rated };
    }
  }
  return best?.address;
}

/** The address that REDIRECT sends to (nf_nat_redirect_ipv6): the device's first of the destination's scope, `::1` for local packets. */
export function redirectAddress6(device: Device | undefined, towards: Address): Address | undefined {
  // IPv4-compatible ones have a bit where others have their scope, and no address has it (addrconf_core.c, __ipv6_addr_type).
  if (typeof towards === "bigint" && towards > 1n && towards >> 32n === 0n) return undefined;
  const wanted = isLoopback(towards) ? SCOPE.node : scopeOf(towards);
  const anyScope = ![SCOPE.node, SCOPE.link, SCOPE.site].some((scope) => scope === wanted);
  return device?.addresses.find(({ address, tentative }) => {
    if (typeof address !== "bigint" || tentative || address >> 32n === 0xffffn) return false;
    if (anyScope) return true;
    return isLoopback(address) ? wanted === SCOPE.node : scopeOf(address) === wanted;
  })?.address;
}
