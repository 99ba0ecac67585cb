import type { Family } from "../model/address.ts";
import { PROTOCOL } from "../model/packet.ts";

/** The connections that a helper can be given to. */
export interface KernelHelper {
  readonly families: readonly Family[];
  readonly protocols: readonly number[];
}

const { tcp, udp } = PROTOCOL;
const of = (families: readonly Family[], ...protocols: readonly number[]): KernelHelper => ({ families, protocols });

/** The helpers that Linux has, by their names (nf_conntrack_helper_register in net/netfilter/nf_conntrack_*.c, and nf_nat_snmp_basic_main.c). */
export const KERNEL_HELPERS: ReadonlyMap<string, KernelHelper> = new Map([
  ["amanda", of([4, 6], udp)],
  ["ftp", of([4, 6], tcp)],
  ["H.245", of([4, 6], udp)],
  ["irc", of([4], tcp)],
  ["netbios-ns", of([4], udp)],
  ["pptp", of([4], tcp)],
  ["Q.931", of([4, 6], tcp)],
  ["RAS", of([4, 6], udp)],
  ["sane", of([4, 6], tcp)],
  ["sip", of([4, 6], tcp, udp)],
  ["snmp", of([4], udp)],
  ["snmp_trap", of([4], udp)],
  ["tftp", of([4, 6], udp)],
]);

/** Helpers that are programs, as conntrackd brings them along; any program may register more (nfnetlink_cthelper.c). */
export const PROGRAM_HELPERS: ReadonlySet<string> = new Set(["dhcpv6", "mdns", "rpc", "slp", "ssdp", "tns"]);
