import { formatAddress, isLoopback, isMulticast } from "../model/address.ts";
import { isLinkLocal } from "./address6.ts";
import { sendIcmp6Error } from "./answers6.ts";
import { deliverUpper6 } from "./deliver6.ts";
import { endsInHopByHop, extensionsOf } from "./extensions6.ts";
import { runHook } from "./hooks.ts";
import { hasJoined6 } from "./joined6.ts";
import type { Netns } from "./netns.ts";
import { optionFault } from "./options6.ts";
import { finishOutput6 } from "./output6.ts";
import { redirect6 } from "./redirect6.ts";
import { routeInput6 } from "./route6.ts";
import type { Run } from "./run.ts";
import { fits } from "./segments.ts";
import { isPassedOver, type Skb } from "./skb.ts";

const PARAMETER_PROBLEM = 4;
const MIN_MTU = 1280;

/** ipv6_rcv: an IPv6 packet that a device hands up. */
export function receive6(run: Run, netns: Netns, skb: Skb): void {
  const kept = skb.looped || skb.bridge ? skb.destination : undefined;
  skb.iif = kept?.nexthop?.device ?? kept?.device ?? skb.device;
  if (!accept(run, netns, skb)) return;
  skb.in = skb.device;
  // ip6_rcv_core clears what was noted of fragments before.
  skb.headersEnd = undefined;
  skb.fragMaxSize = undefined;
  skb.fragments = undefined;
  if (!isPassedOver(skb) && !runHook(run, netns, "PREROUTING", skb, { in: skb.device, out: "" })) return;
  skb.device = skb.in;
  if (!((skb.looped || skb.bridge) && skb.destination)) {
    const route = routeInput6(run, netns, skb);
    if (route.kind === "drop") return run.drop(skb, route.reason, route.text);
    skb.destination = route;
  }
  switch (skb.destination?.kind) {
    case "error":
      return inputError(run, netns, skb, skb.destination.error ?? "ENETUNREACH");
    case "forward":
    case "output":
      return forward(run, netns, skb);
    case "multicast":
      return multicast(run, netns, skb);
    default:
      return deliver(run, netns, skb);
  }
}

/** ip6_rcv_core: what can never have come over a wire, and hop-by-hop options. */
function accept(run: Run, netns: Netns, skb: Skb): boolean {
  const { src, dst } = skb.packet;
  const refuse = (reason: string, text: string) => {
    run.drop(skb, reason, text);
    return false;
  };
  if (skb.type === "otherhost")
    return refuse("not-for-us", `its destination MAC address is not that of ${skb.device}, which does not take it`);
  if (netns.deviceSysctl6(skb.device, "disable_ipv6", 0) !== 0) return refuse("ipv6-disabled", `${skb.device} does no IPv6 (disable_ipv6)`);
  const onLoopback = netns.devices.get(skb.device)?.kind === "loopback";
  const scope = isMulticast(dst) ? Number((BigInt(dst) >> 112n) & 15n) : undefined;
  if ((isLoopback(src) || isLoopback(dst)) && !onLoopback)
    return refuse("ttl-or-header", "the loopback address ::1 cannot come from outside");
  if (scope === 1 && !onLoopback && !skb.looped)
    return refuse("ttl-or-header", `the group ${formatAddress(dst)} is one within a single host, and cannot come from outside`);
  const toMany = skb.type === "broadcast" || skb.type === "multicast";
  if (scope === undefined && toMany && !skb.looped && netns.deviceSysctl6(skb.device, "drop_unicast_in_l2_multicast", 0) !== 0)
    return refuse("ttl-or-header", `it came as a link-layer broadcast or multicast (drop_unicast_in_l2_multicast of ${skb.device})`);
  if (scope === 0) return refuse("ttl-or-header", `the scope of the group ${formatAddress(dst)} is reserved`);
  if (isMulticast(src)) return refuse("ttl-or-header", `the group ${formatAddress(src)} cannot be a source`);
  if (endsInHopByHop(skb.packet)) return refuse("ttl-or-header", "it ends within its hop-by-hop options");
  const [first] = extensionsOf(skb.packet);
  if (first?.name !== "hop-by-hop") return true;
  const fault = optionFault(skb.packet, first, {
    number: netns.sysctl("net.ipv6.max_hbh_opts_number", 8),
    length: netns.sysctl("net.ipv6.max_hbh_length", Number.POSITIVE_INFINITY),
  });
  if (!fault) return true;
  if (fault.problem) sendIcmp6Error(run, netns, skb, PARAMETER_PROBLEM, fault.problem.code, { pointer: fault.problem.pointer });
  return refuse("ttl-or-header", fault.text);
}

/** ip6_pkt_drop, ip6_pkt_prohibit, dst_discard: no route, or none that may be used. */
function inputError(run: Run, netns: Netns, skb: Skb, error: string): void {
  const text: Readonly<Record<string, string>> = {
    EHOSTUNREACH: "the route to its destination says unreachable",
    EACCES: "routing to its destination is prohibited",
    EINVAL: "the route to its destination is a blackhole",
  };
  if (error !== "EINVAL") sendIcmp6Error(run, netns, skb, 1, error === "EACCES" ? 1 : 0);
  run.drop(skb, error === "EINVAL" ? "blackhole" : "no-route", text[error] ?? "there is no route to its destination");
}

/** ip6_mc_input: only groups that the device has joined. */
function multicast(run: Run, netns: Netns, skb: Skb): void {
  const device = netns.devices.get(skb.device);
  if (device && !hasJoined6(netns, device, skb.packet.dst)) {
    const group = formatAddress(skb.packet.dst);
    return run.drop(skb, "not-for-us", `${skb.device} has not joined the group ${group}, as far as is known`);
  }
  deliver(run, netns, skb);
}

/** ip6_forward: hop limit, scope, MTU, the FORWARD hook. */
function forward(run: Run, netns: Netns, skb: Skb): void {
  const destination = skb.destination;
  if (!destination) return;
  const inDevice = skb.device;
  // What a bridge has given another destination stands for a packet of the device that this leads to.
  const forwards = netns.forwards6(skb.iif ?? inDevice);
  if (forwards === false) {
    const why = "which does not forward (net.ipv6.conf.all.forwarding is 0)";
    return run.drop(skb, "not-for-us", `it is not for ${netns.name} itself, ${why}`);
  }
  if (forwards === undefined) {
    run.world.assumptions.add({
      id: "ip6_forward",
      text: `${netns.name} forwards IPv6 packets (net.ipv6.conf.all.forwarding is 1)`,
      flag: "--snapshot (sysctl.txt)",
    });
  }
  if (skb.type !== "host") return run.drop(skb, "not-for-us", "it came as a link-layer broadcast or multicast, which is never forwarded");
  if (skb.taken) {
    const how = "a rule of ip -6 rule must bring its mark to this host";
    return run.drop(skb, "not-for-us", `a socket of this host has taken it, but its route leads on (${how})`);
  }
  if (skb.packet.ttl <= 1) {
    sendIcmp6Error(run, netns, skb, 3, 0);
    return run.drop(skb, "ttl-or-header", "its hop limit is used up");
  }
  if ((skb.iif ?? inDevice) === destination.device) redirect6(run, netns, skb, destination);
  else if (!isForwardedSource(run, netns, skb)) return;
  const mtu = netns.mtu6Of(destination.device);
  if (mtu !== undefined && isTooBig(run, skb, destination.device, Math.max(mtu, MIN_MTU))) {
    sendIcmp6Error(run, netns, skb.with({ device: destination.device }), 2, 0, { mtu: Math.max(mtu, MIN_MTU) });
    const { length } = skb.packet;
    return run.drop(
      skb,
      "too-big",
      `it is ${length} octets long, but the MTU of ${destination.device} is ${mtu}, and a router does not fragment`,
    );
  }
  skb.packet = { ...skb.packet, ttl: skb.packet.ttl - 1 };
  const devices = { in: inDevice, out: destination.device };
  if (!runHook(run, netns, "FORWARD", skb, devices)) return;
  skb.device = destination.device;
  if (!runHook(run, netns, "POSTROUTING", skb, devices)) return;
  finishOutput6(run, netns, skb);
}

/** ip6_pkt_too_big */
function isTooBig(run: Run, skb: Skb, device: string, mtu: number): boolean {
  return skb.packet.length > mtu && ((skb.fragMaxSize ?? 0) > mtu || (!skb.ignoreDf && !fits(run, skb, device, mtu)));
}

/** Whether a packet from such a source may leave its link. */
function isForwardedSource(run: Run, netns: Netns, skb: Skb): boolean {
  const { src } = skb.packet;
  if (src === 0n || isLoopback(src)) {
    run.drop(skb, "not-for-us", `a packet from ${formatAddress(src)} is not forwarded`);
    return false;
  }
  if (!isLinkLocal(src)) return true;
  sendIcmp6Error(run, netns, skb, 1, 2);
  run.drop(skb, "not-for-us", `its source ${formatAddress(src)} is link-local and means nothing beyond ${skb.device}`);
  return false;
}

/** ip6_input: the INPUT hook, and what the headers behind it say. */
function deliver(run: Run, netns: Netns, skb: Skb): void {
  if (!runHook(run, netns, "INPUT", skb, { in: skb.device, out: "" })) return;
  deliverUpper6(run, netns, skb);
}
