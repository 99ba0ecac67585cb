import type { HostPlan } from "../case.ts";
import { mac } from "../settings.ts";

/** An address that no machine has: services are translated away from it. */
export const SERVICE6 = "2001:db8:96::10";

/** A host of the n-th network. */
export function global(network: number, host: number): string {
  return `2001:db8:${network}::${host.toString(16)}`;
}

/** Its address on that link alone. */
export function linkLocal(network: number, host: number): string {
  return `fe80::${network}:${host.toString(16)}`;
}

/** The n-th network itself. */
export function network6(network: number): string {
  return `2001:db8:${network}::/64`;
}

/** Hosts of the n-th network, with the MAC addresses of a group. */
export function hostsOf(network: number, hosts: readonly number[], group = network): HostPlan[] {
  return hosts.map((host) => ({ address: global(network, host), linkLocal: linkLocal(network, host), mac: mac(group, host) }));
}

/** `ip -batch` lines that make hosts neighbours for good. */
export function neighbours(device: string, hosts: readonly HostPlan[]): string[] {
  return hosts.flatMap(({ address, linkLocal: local, mac: lladdr }) =>
    [address, ...(local === undefined ? [] : [local])].map((at) => `neigh add ${at} lladdr ${lladdr} dev ${device} nud permanent`),
  );
}

/** `ip -batch` lines for the n-th host's addresses of a device. */
export function addresses(device: string, network: number, host: number): string[] {
  return [
    `addr add ${global(network, host)}/64 dev ${device} nodad`,
    `addr add ${linkLocal(network, host)}/64 dev ${device} scope link nodad`,
  ];
}
