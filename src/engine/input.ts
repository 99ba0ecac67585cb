import { ALL_HOSTS, formatAddress } from "../model/address.ts";
import { sendIcmpError } from "./answers.ts";
import { gatherFragments, pullHeader } from "./fragments.ts";
import { runHook } from "./hooks.ts";
import { mayAnswerRouteError } from "./icmp-limit.ts";
import { receive6 } from "./input6.ts";
import { failsStrictRoute, forwardOptions, receiveOptions } from "./ip-options-input.ts";
import type { Netns } from "./netns.ts";
import { finishOutput } from "./output.ts";
import { learnPathMtu, sendingMtu } from "./path-mtu.ts";
import { routeInput } from "./route-input.ts";
import type { Run } from "./run.ts";
import { fits } from "./segments.ts";
import { isPassedOver, type Skb } from "./skb.ts";

/** ip_rcv: a packet that a device hands up. */
export function ipReceive(run: Run, netns: Netns, skb: Skb): void {
  if (skb.packet.family === 6) return receive6(run, netns, skb);
  if (skb.type === "otherhost") {
    run.drop(skb, "not-for-us", `its destination MAC address is not that of ${skb.device}, which does not take it`);
    return;
  }
  if (skb.packet.headerChecksum === "bad") {
    run.drop(skb, "ttl-or-header", "its IP header checksum is wrong");
    return;
  }
  skb.in = skb.device;
  skb.options = undefined;
  if (!isPassedOver(skb) && !runHook(run, netns, "PREROUTING", skb, { in: skb.device, out: "" })) return;
  skb.device = skb.in;
  afterPrerouting(run, netns, skb);
}

/** ip_rcv_finish: the input route, and where it leads. */
function afterPrerouting(run: Run, netns: Netns, skb: Skb): void {
  pullHeader(netns, skb);
  if (!((skb.looped || skb.bridge) && skb.destination)) {
    const route = routeInput(run, netns, skb);
    if (route.kind === "drop") {
      run.drop(skb, route.reason, route.text);
      return;
    }
    skb.destination = route;
  }
  if (!receiveOptions(run, netns, skb)) return;
  const destination = skb.destination;
  if (!destination) return;
  const isForMany = destination.kind === "multicast" || destination.kind === "broadcast" || destination.route?.type === "broadcast";
  const cameForMany = skb.type === "broadcast" || skb.type === "multicast";
  if (cameForMany && !isForMany && netns.deviceSysctl(skb.device, "drop_unicast_in_l2_multicast", 0, "or") !== 0) {
    const why = `drop_unicast_in_l2_multicast of ${skb.device}`;
    return run.drop(skb, "ttl-or-header", `it came as a link-layer broadcast or multicast, but is for one address (${why})`);
  }
  if (destination.kind === "error") return inputError(run, netns, skb, destination.error ?? "ENETUNREACH");
  if (destination.kind === "forward") return forward(run, netns, skb);
  deliver(run, netns, skb);
}

/** ip_error: no route, or none that may be used. */
function inputError(run: Run, netns: Netns, skb: Skb, error: string): void {
  const forwarding = netns.forwards(skb.device) !== false;
  const codes: Readonly<Record<string, number>> = { EHOSTUNREACH: 1, ENETUNREACH: 0, EACCES: 13 };
  const text: Readonly<Record<string, string>> = {
    EHOSTUNREACH: "the route to its destination says unreachable",
    ENETUNREACH: "there is no route to its destination",
    EACCES: "routing to its destination is prohibited",
    EINVAL: "the route to its destination is a blackhole",
  };
  if (!forwarding) {
    run.drop(
      skb,
      "not-for-us",
      `it is not for ${netns.name} itself, which does not forward (net.ipv4.ip_forward or forwarding of ${skb.device} is 0)`,
    );
    return;
  }
  const code = codes[error];
  if (code !== undefined && mayAnswerRouteError(run, netns, skb.packet.src)) sendIcmpError(run, netns, skb, skb.device, 3, code);
  run.drop(skb, error === "EINVAL" ? "blackhole" : "no-route", text[error] ?? "there is no route to its destination");
}

/** ip_forward: TTL, MTU, the FORWARD hook. */
function forward(run: Run, netns: Netns, skb: Skb): void {
  const destination = skb.destination;
  if (!destination) return;
  if (skb.type !== "host") {
    run.drop(skb, "not-for-us", "it came as a link-layer broadcast or multicast, which is never forwarded");
    return;
  }
  if (skb.taken) {
    run.drop(
      skb,
      "not-for-us",
      "a socket of this host has taken it, but its route leads on (a rule of ip rule must bring its mark to this host)",
    );
    return;
  }
  const inDevice = skb.device;
  if (skb.packet.ttl <= 1) {
    sendIcmpError(run, netns, skb, inDevice, 11, 0);
    run.drop(skb, "ttl-or-header", "its TTL is used up");
    return;
  }
  if (failsStrictRoute(skb)) {
    sendIcmpError(run, netns, skb, inDevice, 3, 5);
    run.drop(skb, "source-route", "its strict source route does not allow the gateway that it would have to go through");
    return;
  }
  const mtu = sendingMtu(run, netns, skb, destination);
  const kept = skb.packet.dontFragment && ((skb.fragMaxSize ?? 0) > (mtu ?? 0) || !skb.ignoreDf);
  if (mtu !== undefined && kept && !fits(run, skb, destination.device, mtu)) {
    sendIcmpError(run, netns, skb, inDevice, 3, 4, { mtu });
    run.drop(
      skb,
      "too-big",
      `it is ${skb.packet.length} octets long and must not be fragmented, but the MTU of ${destination.device} is ${mtu}`,
    );
    return;
  }
  skb.packet = { ...skb.packet, ttl: skb.packet.ttl - 1 };
  const devices = { in: inDevice, out: destination.device };
  if (!runHook(run, netns, "FORWARD", skb, devices)) return;
  forwardOptions(netns, skb);
  skb.device = destination.device;
  if (!runHook(run, netns, "POSTROUTING", skb, { in: inDevice, out: destination.device })) return;
  finishOutput(run, netns, skb);
}

/** ip_local_deliver. */
function deliver(run: Run, netns: Netns, skb: Skb): void {
  if (skb.looped && skb.destination?.kind === "multicast" && skb.packet.dst !== ALL_HOSTS) {
    run.drop(skb, "not-for-us", `${netns.name} has not joined the group ${formatAddress(skb.packet.dst)}, as far as is known`);
    return;
  }
  if (skb.packet.fragment && !gatherFragments(run, netns, skb, "local")) return;
  if (!runHook(run, netns, "INPUT", skb, { in: skb.device, out: "" })) return;
  learnPathMtu(run, netns, skb);
  run.seen(skb.packet);
  run.end("delivered", { netns: netns.name });
}
