import type { Effect } from "../extensions/effect.ts";
import { formatAddress } from "../model/address.ts";
import type { Hook } from "../model/rule.ts";
import type { Netns } from "./netns.ts";
import { routeOutput, sendRouted } from "./output.ts";
import { routeOutput6 } from "./route6.ts";
import type { FlowKey } from "./routing.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";

/** TEE's copy of a packet (net/ipv4/netfilter/nf_dup_ipv4.c, nf_dup_ipv4, and nf_dup_ipv6): untracked, routed to the gateway, through OUTPUT. */
export function sendDuplicate(
  run: Run,
  netns: Netns,
  hook: Hook,
  skb: Skb,
  { gateway, device }: Extract<Effect, { kind: "duplicate" }>,
): void {
  if (skb.duplicate) return;
  // The old fragments are the packet's own still, so that they are not taken as they are (ip_do_fragment, skb_shared). What bridge
  // netfilter keeps is one thing for both (skb_ext_copy): the first of them to reach the IP layer goes past PREROUTING.
  const { family, ttl } = skb.packet;
  const tos = family === 4 ? skb.packet.tos : classOfLabel(skb.packet.flowLabel ?? 0);
  const arriving = hook === "PREROUTING" || hook === "INPUT";
  const packet = { ...skb.packet, ttl: arriving ? (ttl - 1) & 255 : ttl, ...(family === 4 && { dontFragment: true }) };
  const left = { connection: undefined, template: undefined, destination: undefined, fragments: undefined };
  const copy = skb.with({ ...left, packet, ctState: "UNTRACKED", ctDirection: "original", looped: false, duplicate: true });
  const own = run.copy(packet);
  const flow: FlowKey = { src: family === 4 ? 0 : 0n, dst: gateway, iif: "lo", mark: 0, tos, protocol: 0 };
  // A device that is not there is as good as none (tee_netdev_event).
  const by = device === undefined ? undefined : netns.devices.get(device);
  const find = family === 4 ? routeOutput : routeOutput6;
  const route = by?.up === false ? undefined : find(own, netns, by ? { ...flow, oif: by.name } : flow, "output");
  if (!route) return own.drop(copy, "no-route", `there is no route to ${formatAddress(gateway)}, where a copy should go`);
  // It has a device already, though it never came in there (skb->dev).
  copy.in = route.device;
  copy.device = route.device;
  // On a device that no route to the gateway names, the copy's own destination is asked for (ip_route_output_key_hash_rcu).
  const nexthop = route.nexthop
    ? { ...route.nexthop, via: route.nexthop.via ?? gateway }
    : // A group as gateway, too, is where the copy goes (route.c, ip6_pol_route with FLOWI_FLAG_KNOWN_NH).
      family === 6 && { via: gateway, weight: 1, flags: [] };
  run.holdOff();
  sendRouted(own, netns, copy, { ...route, ...(nexthop && { nexthop }) });
  run.owe();
  run.letIn();
}

/**
 * The traffic class by which rules of `ip -6 rule` look up the gateway: nf_dup_ipv6_route gives the flow label, in the order of a host that has
 * the low octet first, for what is in the network's, and so without the packet's own class.
 */
function classOfLabel(label: number): number {
  return ((label & 0xf) << 4) | ((label >> 12) & 0xf);
}
