import type { MatchResult } from "../extensions/spec.ts";
import { formatAddress, isMulticast } from "../model/address.ts";
import { PROTOCOL } from "../model/packet.ts";
import { isLinkLocal } from "./address6.ts";
import { type Netns, UNKNOWN_DEVICE } from "./netns.ts";
import { guessOutput } from "./output.ts";
import { chooserOf, flowKey, guessInput, type InputRoute, routeStep } from "./route-input.ts";
import type { Lookup } from "./routing.ts";
import type { FlowKey6 } from "./routing6.ts";
import type { Run } from "./run.ts";
import type { Destination, Skb } from "./skb.ts";

/** Looks an IPv6 route up. */
export function lookup6(run: Run, netns: Netns, key: FlowKey6): Lookup {
  return netns.routing6.lookup(key, chooserOf(run, netns, key));
}

/** The input route of a packet (net/ipv6/route.c, ip6_route_input): routes on the device that it came in on are preferred. */
export function routeInput6(run: Run, netns: Netns, skb: Skb): InputRoute {
  const { device } = skb;
  const { dst } = skb.packet;
  if (!netns.ip6.routed) {
    if (isMulticast(dst)) return { kind: "multicast", device };
    return guessInput(run, netns, skb);
  }
  const found = lookup6(run, netns, { ...flowKey(skb, device), oif: device });
  run.steps.push(routeStep(netns, found, "input"));
  if ("error" in found) return { kind: "error", device, error: found.error };
  const { route, nexthop } = found;
  if (route.type === "local" || route.type === "anycast") return { kind: "local", device, route, nexthop };
  if (isMulticast(dst)) return { kind: "multicast", device, route, nexthop };
  return { kind: "forward", device: nexthop.device ?? UNKNOWN_DEVICE, route, nexthop };
}

/** The output route of a flow (ip6_route_output_flags); undefined when there is none. */
export function routeOutput6(run: Run, netns: Netns, flow: FlowKey6, stage: "output" | "reroute"): Destination | undefined {
  if (!netns.ip6.routed) return guessOutput(run, netns, flow.dst);
  // Without a source the device that is asked for is a must.
  const found = lookup6(run, netns, { ...flow, strict: flow.oif !== undefined && flow.src === 0n });
  run.steps.push(routeStep(netns, found, stage));
  if ("error" in found) return undefined;
  const { route, nexthop } = found;
  if (route.type === "local" || route.type === "anycast") return { kind: "local", device: "lo", route, nexthop };
  const device = nexthop.device ?? UNKNOWN_DEVICE;
  return isMulticast(flow.dst) ? { kind: "multicast", device, route } : { kind: "output", device, route, nexthop };
}

/** The device that a socket must have named for a destination which means something on one link only, by the packet's source. */
export function scopedDevice(run: Run, netns: Netns, skb: Skb): string | undefined {
  const { src, dst } = skb.packet;
  if (!isMulticast(dst) && !isLinkLocal(dst)) return undefined;
  const devices = [...netns.devices.values()].filter(({ up, kind }) => up && kind !== "loopback");
  const holders = devices.filter((device) => device.addresses.some(({ address }) => address === src));
  const possible = (holders.length > 0 ? holders : devices).filter((device) =>
    device.addresses.some(({ address }) => isLinkLocal(address)),
  );
  for (const device of possible.slice(0, -1)) {
    const says = (value: boolean) => `its socket ${value ? "sends" : "does not send"} to ${formatAddress(dst)} on ${device.name}`;
    if (run.world.choices.ask(`${netns.name}|scope|${device.name}|${src}|${dst}`, says)) return device.name;
  }
  return possible.at(-1)?.name;
}

/** `-m rpfilter` (net/ipv6/netfilter/ip6t_rpfilter.c): whether a route back to the source leads through the incoming device. */
export function reversePath6(
  run: Run,
  netns: Netns,
  skb: Skb,
  device: string,
  options: { loose: boolean; validMark: boolean; acceptLocal: boolean },
): MatchResult {
  const { src, dst, tos } = skb.packet;
  if (netns.devices.get(device)?.kind === "loopback") return true;
  // rpfilter_mt lets whatever has no source go by.
  if (src === 0n) return true;
  if (!netns.ip6.routed) return { unknown: "the routes (--routes)" };
  const strict = isLinkLocal(src);
  // ip6_route_lookup itself asks for no device, not even of ::1.
  const key: FlowKey6 = {
    src: isMulticast(dst) ? 0n : dst,
    dst: src,
    iif: "lo",
    mark: options.validMark ? skb.mark : 0,
    tos,
    protocol: PROTOCOL.hopopt,
    ...((strict || !options.loose) && { oif: device }),
    strict: strict || "never",
  };
  const found = lookup6(run, netns, key);
  if ("error" in found) return false;
  const { type, nexthops } = found.route;
  if (type === "anycast") return false;
  // Unlike IPv4, whichever device a local address is of.
  if (type === "local") return options.acceptLocal;
  return options.loose || nexthops.some((hop) => hop.device === device);
}
