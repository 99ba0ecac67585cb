import type { Dice } from "../dice.ts";
import { drawFragmentMemory, drawPolicy, type Leg } from "../settings.ts";

/** Kernel settings that change what happens to packets of IPv6, mostly as they are by default. */
export function drawSysctls6(dice: Dice, devices: readonly string[]): Record<string, string> {
  const values: Record<string, string> = { "net.ipv6.conf.all.forwarding": dice.chance(20) ? "0" : "1" };
  const rare: readonly (readonly [string, string])[] = [
    ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
    ["net.netfilter.nf_conntrack_tcp_loose", "0"],
    ["net.netfilter.nf_conntrack_checksum", "0"],
    ["net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", "1"],
    ["net.ipv6.fwmark_reflect", "1"],
    ["net.ipv6.ip_nonlocal_bind", "1"],
    ["net.ipv6.conf.all.proxy_ndp", "1"],
    ["net.ipv6.conf.all.accept_source_route", "-1"],
    ["net.ipv6.conf.all.drop_unicast_in_l2_multicast", "1"],
  ];
  for (const [name, value] of dice.some(12, rare)) values[name] = value;
  if (dice.chance(12)) Object.assign(values, { "net.ipv6.icmp.ratelimit": "1000", "net.ipv6.icmp.ratemask": "0-1,3-127" });
  for (const name of ["net.ipv6.ip6frag", "net.netfilter.nf_conntrack_frag6"]) {
    if (dice.chance(30)) Object.assign(values, drawFragmentMemory(dice, name));
  }
  for (const device of devices) {
    const own = (name: string) => `net.ipv6.conf.${device}.${name}`;
    if (dice.chance(12)) values[own("hop_limit")] = "50";
    if (dice.chance(20)) values[own("forwarding")] = "0";
    if (dice.chance(20)) values[own("proxy_ndp")] = "1";
    if (dice.chance(20)) values[own("accept_source_route")] = dice.pick(["-1", "1"]);
    if (dice.chance(30)) values[own("force_forwarding")] = "1";
    if (dice.chance(30)) values[own("drop_unicast_in_l2_multicast")] = "1";
  }
  return values;
}

/** Policy routing and odd routes of a router: `ip -6 -batch` lines. `legs` are its outer devices with a gateway behind each. */
export function drawRouting6(dice: Dice, legs: readonly Leg[]): string[] {
  const lines: string[] = [];
  const via = () => {
    const { gateway, device } = dice.pick(legs);
    return `via ${gateway} dev ${device}`;
  };
  const odd = [
    "blackhole 2001:db8:f1::/64",
    "unreachable 2001:db8:f2::/64",
    "prohibit 2001:db8:f3::/64",
    "throw 2001:db8:f4::/64",
    `unreachable 2001:db8:f7::/64 metric ${dice.pick([5, 50])}`,
  ];
  for (const route of dice.some(4, odd)) lines.push(`route add ${route}`);
  if (dice.chance(3))
    lines.push(`route add 2001:db8:f6::/64 ${via()} metric 20`, `route append 2001:db8:f6::/64 ${via()} metric ${dice.pick([5, 50])}`);
  if (dice.chance(8))
    lines.push(`route add 2001:db8:f8::/64 from ${dice.pick(legs).network} ${via()}`, `route add 2001:db8:f8::/64 ${via()}`);
  if (dice.chance(12)) lines.push(`route add 2001:db8:f5::/64 ${via()} mtu ${dice.pick([1280, 1300, 1400])}`);
  if (dice.chance(12)) lines.push(`route add local 2001:db8:fa::/64 dev lo`);
  lines.push(
    ...drawPolicy(dice, legs, {
      unreachable: "2001:db8:f0::/44",
      towards: ["2001:db8:a1::/64", "2001:db8:a2::/64", "2001:db8:96::/48"],
      suppressed: [0, 48, 64],
      others: ["ipproto icmp", "ipproto ipv6-icmp"],
    }),
  );
  return lines;
}
