import { SKIPPED_EXTENSIONS } from "../model/packet.ts";
import type { Netns } from "./netns.ts";
import { pathMtu, remember } from "./path-mtu.ts";
import { lookup6 } from "./route6.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";

const TOO_BIG = 2;
const MIN_MTU = 1280;

/**
 * What a host learns from an ICMPv6 error that is delivered to it, where a socket is concerned (icmpv6_notify; udpv6_err, tcp_v6_err, rawv6_err;
 * route.c, __ip6_rt_update_pmtu): smaller than IPv6 allows it does not believe.
 */
export function learnPathMtu6(run: Run, netns: Netns, { packet, mark }: Skb): void {
  const icmp = packet.transport;
  if (icmp?.kind !== "icmp" || icmp.type !== TOO_BIG || !netns.ip6.routed || packet.checksum === "bad") return;
  const { quoted, mtu = 0 } = icmp;
  if (!quoted || quoted.payload.length < 8 || SKIPPED_EXTENSIONS.has(quoted.protocol) || mtu < MIN_MTU) return;
  if (netns.addressType(quoted.src) !== "LOCAL") return;
  const { src, dst, tos } = quoted;
  const reflected = netns.sysctl("net.ipv6.fwmark_reflect", 0) ? mark : 0;
  const found = lookup6(run, netns, { src, dst, iif: "lo", mark: reflected, tos, protocol: 0 });
  if ("error" in found) return;
  const { route, nexthop } = found;
  const old = pathMtu(run, netns, quoted, { route, nexthop, device: nexthop.device ?? "" });
  if (old !== undefined && old > mtu) remember(run, netns, quoted, { route, nexthop }, { mtu, locked: false });
}
