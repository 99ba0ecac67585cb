import type { Family } from "../../../src/model/address.ts";
import type { Pools } from "./case.ts";
import type { Dice } from "./dice.ts";
import { PORTS } from "./rule-draw.ts";

/** The ports of a case. */
export function drawPorts(dice: Dice): Pick<Pools, "clientPorts" | "serverPorts"> {
  const few = (ports: readonly number[]) => Array.from({ length: dice.integer(1, 3) }, () => dice.pick(ports));
  return { clientPorts: few(PORTS.slice(-4)), serverPorts: few(PORTS.slice(0, -4)) };
}

/** The octet of TOS or traffic class, mostly 0. */
export function drawTos(dice: Dice): number {
  return dice.weighted(
    [10, 0],
    [1, 0x10],
    [1, 0x08],
    [1, dice.pick([0x10, 0x08]) | dice.pick([1, 2, 3, 0x80, 0xe0])],
    [1, dice.integer(0, 255)],
  );
}

/** The MAC address of the n-th device or host of a case. */
export function mac(group: number, n: number): string {
  return `02:00:00:${hex(group)}:00:${hex(n)}`;
}

const hex = (n: number) => n.toString(16).padStart(2, "0");

/** Kernel settings that change what happens to packets, mostly as they are by default. */
export function drawSysctls(dice: Dice, devices: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {
    "net.ipv4.ip_forward": dice.chance(20) ? "0" : "1",
    "net.ipv4.conf.all.rp_filter": dice.weighted([6, "0"], [1, "1"], [1, "2"]),
    "net.ipv4.conf.default.rp_filter": "0",
  };
  const rare: readonly (readonly [string, string])[] = [
    ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
    ["net.netfilter.nf_conntrack_tcp_loose", "0"],
    ["net.netfilter.nf_conntrack_checksum", "0"],
    ["net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", "1"],
    ["net.ipv4.icmp_errors_use_inbound_ifaddr", "1"],
    ["net.ipv4.fwmark_reflect", "1"],
    ["net.ipv4.conf.all.accept_local", "1"],
    ["net.ipv4.conf.all.route_localnet", "1"],
    ["net.ipv4.conf.all.src_valid_mark", "1"],
    ["net.ipv4.ip_default_ttl", "50"],
    ["net.ipv4.conf.all.drop_unicast_in_l2_multicast", "1"],
    ["net.ipv4.conf.all.accept_source_route", "1"],
    ["net.ipv4.ip_forward_use_pmtu", "1"],
    ["net.ipv4.icmp_ratemask", "6168"],
    ["net.ipv4.ipfrag_max_dist", dice.pick(["0", "1", "2", "4"])],
  ];
  for (const [name, value] of dice.some(12, rare)) values[name] = value;
  if (dice.chance(30)) Object.assign(values, drawFragmentMemory(dice, "net.ipv4.ipfrag"));
  for (const device of devices) {
    values[`net.ipv4.conf.${device}.rp_filter`] = dice.weighted([10, "0"], [1, "1"], [1, "2"]);
    if (dice.chance(40)) values[`net.ipv4.conf.${device}.forwarding`] = "0";
  }
  if (dice.chance(20)) for (const device of ["all", ...dice.some(2, devices)]) values[`net.ipv4.conf.${device}.bc_forwarding`] = "1";
  return values;
}

/** Memory that some fragments fill: how many these are hangs on the kernel. */
export function drawFragmentMemory(dice: Dice, name: string): Record<string, string> {
  const octets = dice.pick([2_000, 6_000, 20_000]);
  return { [`${name}_low_thresh`]: `${octets / 2}`, [`${name}_high_thresh`]: `${octets}` };
}

/** Settings of a bridge's port that are mostly as they are by default: `bridge -batch` lines. */
export function drawPortSettings(dice: Dice, port: string): string[] {
  const odd = ["learning off", "flood off", "mcast_flood off", "bcast_flood off", "isolated on", "locked on"];
  const set = [...dice.some(16, odd), ...(dice.chance(6) ? ["hairpin on"] : [])];
  // Disabled, listening, learning and blocking.
  const state = dice.chance(30) ? [`state ${dice.pick([0, 1, 2, 4])}`] : [];
  return [...set, ...state].map((setting) => `link set dev ${port} ${setting}`);
}

/** The same of the bridge itself: `ip -batch` lines. */
export function drawBridgeSettings(dice: Dice, bridge: string, family: Family): string[] {
  const calls = family === 4 ? "nf_call_iptables 1" : "nf_call_ip6tables 1";
  const odd = [`group_fwd_mask ${dice.pick([8, 16384, 65528])}`, calls];
  return dice.some(10, odd).map((setting) => `link set ${bridge} type bridge ${setting}`);
}

/** Short timeouts, so that a pause of a second outlives them. */
export function drawTimeouts(dice: Dice): Record<string, string> {
  const names = [
    "udp_timeout",
    "udp_timeout_stream",
    "icmp_timeout",
    "tcp_timeout_syn_sent",
    "tcp_timeout_established",
    "tcp_timeout_time_wait",
    "tcp_timeout_close",
    "generic_timeout",
  ];
  return Object.fromEntries(dice.some(2, names).map((name) => [`net.netfilter.nf_conntrack_${name}`, "1"]));
}

/** Policy routing and odd routes of a router: `ip -batch` lines. `legs` are its outer devices with a gateway behind each. */
export function drawRouting(dice: Dice, legs: readonly Leg[]): string[] {
  const lines: string[] = [];
  const odd = ["blackhole 172.16.1.0/24", "unreachable 172.16.2.0/24", "prohibit 172.16.3.0/24", "throw 172.16.4.0/24"];
  for (const route of dice.some(4, odd)) lines.push(`route add ${route}`);
  if (dice.chance(3)) {
    // Of the same network the lowest metric and the TOS that fits win, not the first.
    const spare = dice.chance(2) ? `metric ${dice.pick([5, 50])}` : `tos ${dice.pick(["0x10", "0x08"])}`;
    lines.push(
      `route add 172.16.6.0/24 via ${dice.pick(legs).gateway} metric 20`,
      `route add 172.16.6.0/24 via ${dice.pick(legs).gateway} ${spare}`,
    );
  }
  if (dice.chance(6)) lines.push(`route add 172.16.7.0/24 ${legs.map((leg) => `nexthop via ${leg.gateway}`).join(" ")}`);
  if (dice.chance(12)) lines.push("route add local 172.16.8.0/24 dev lo");
  if (dice.chance(12)) lines.push(`route add 172.16.9.0/24 dev ${dice.pick(legs).device}`);
  if (dice.chance(12)) lines.push(`route add 172.16.5.0/24 via ${dice.pick(legs).gateway} mtu ${dice.pick([600, 1000, 1280])}`);
  lines.push(
    ...drawPolicy(dice, legs, {
      unreachable: "172.16.0.0/12",
      towards: ["192.168.1.0/24", "192.168.2.0/24", "10.96.0.0/16"],
      suppressed: [0, 16, 24],
      others: [],
    }),
  );
  return lines;
}

/** A leg of a router with the gateway behind it. */
export interface Leg {
  readonly device: string;
  readonly gateway: string;
  readonly network: string;
}

/** What of policy rules is of one IP version. */
interface PolicyWords {
  readonly unreachable: string;
  readonly towards: readonly string[];
  readonly suppressed: readonly number[];
  readonly others: readonly string[];
}

/** Tables for the legs of a router and rules that lead to them, or none. */
export function drawPolicy(dice: Dice, legs: readonly Leg[], words: PolicyWords): string[] {
  if (!dice.chance(3)) return [];
  const lines = legs.map((leg, i) => `route add default via ${leg.gateway} dev ${leg.device} table ${100 + i}`);
  if (dice.chance(3)) lines.push(`route add unreachable ${words.unreachable} table 100`);
  const conditions = [
    () => `fwmark ${dice.pick(["0x1", "0x2", "0x10/0xf0", "0x1/0x1"])}`,
    () => `from ${dice.pick(legs).network}`,
    () => `to ${dice.pick(words.towards)}`,
    () => `iif ${dice.pick(legs).device}`,
    () => `tos ${dice.pick(["0x10", "0x08"])}`,
    // Not for local packets: the lab's sockets are routed without ports, other than those of programs.
    () => `iif ${dice.pick(legs).device} ipproto tcp dport ${dice.pick(["80", "443", "1-1024"])}`,
    () => `iif ${dice.pick(legs).device} ipproto udp sport 53`,
    ...(words.others.length > 0 ? [() => `iif ${dice.pick(legs).device} ${dice.pick(words.others)}`] : []),
    () => `not fwmark ${dice.pick(["0x1", "0x2"])}`,
    () => `from ${dice.pick(legs).network} iif ${dice.pick(legs).device}`,
  ];
  const actions = () =>
    dice.weighted(
      [8, `lookup ${100 + dice.integer(0, legs.length - 1)}`],
      [2, `lookup main suppress_prefixlength ${dice.pick(words.suppressed)}`],
      [1, "prohibit"],
      [1, "blackhole"],
      [1, "unreachable"],
    );
  const count = dice.integer(1, 3);
  for (let i = 0; i < count; i++) lines.push(`rule add ${dice.pick(conditions)()} pref ${100 + i} ${actions()}`);
  return lines;
}
