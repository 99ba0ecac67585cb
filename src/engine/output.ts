import { type Address, ALL_HOSTS, formatAddress, isLoopback, isMulticast } from "../model/address.ts";
import { PROTOCOL } from "../model/packet.ts";
import { sendIcmpError } from "./answers.ts";
import { cut } from "./fragments.ts";
import { runHook } from "./hooks.ts";
import { ipReceive } from "./input.ts";
import { toNeighbour } from "./neighbour.ts";
import { type Netns, UNKNOWN_DEVICE } from "./netns.ts";
import { sendLocal6, sendRouted6 } from "./output6.ts";
import { sendingMtu } from "./path-mtu.ts";
import { flowKey, lookup, routeStep } from "./route-input.ts";
import type { FlowKey } from "./routing.ts";
import type { Run } from "./run.ts";
import { fits } from "./segments.ts";
import { cloneSkb, type Destination, type Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/** The output route of a flow (ip_route_output_key_hash_rcu); undefined when there is none. */
export function routeOutput(run: Run, netns: Netns, flow: FlowKey, stage: "output" | "reroute"): Destination | undefined {
  if (!netns.ip4.routed) return guessOutput(run, netns, flow.dst);
  const { dst, src, oif } = flow;
  // Without a destination it is meant for the host itself.
  if (dst === 0) return { kind: "local", device: "lo" };
  // Of a group the source tells the device, and no route is asked for. A socket that is bound to none of the host's addresses has no source.
  if (src !== 0 && oif === undefined && (isMulticast(dst) || dst === 0xffffffff)) {
    const device = netns.holderOf(src);
    if (device !== undefined) return groupOutput(netns, src, dst, device);
    if (stage === "reroute") return undefined;
  }
  const found = lookup(run, netns, flow);
  if ("error" in found && oif !== undefined) return { kind: isMulticast(dst) ? "multicast" : "output", device: oif };
  run.steps.push(routeStep(netns, found, stage));
  if ("error" in found) return undefined;
  const { route, nexthop } = found;
  if (route.type === "local") return { kind: "local", device: "lo", route, nexthop };
  const device = nexthop.device ?? UNKNOWN_DEVICE;
  if (isLoopback(src) && device !== "lo" && netns.deviceSysctl(device, "route_localnet", 0, "or") === 0) return undefined;
  // Neither is sent to a gateway (__mkroute_output).
  if (isMulticast(dst)) return { kind: "multicast", device, route };
  if (route.type === "broadcast" || dst === 0xffffffff) return { kind: "broadcast", device, route };
  return { kind: "output", device, route, nexthop };
}

/** __mkroute_output, without a route. */
function groupOutput(netns: Netns, src: Address, dst: Address, device: string): Destination | undefined {
  if (isLoopback(src) && device !== "lo" && netns.deviceSysctl(device, "route_localnet", 0, "or") === 0) return undefined;
  return { kind: dst === 0xffffffff ? "broadcast" : "multicast", device };
}

/** The flow of a packet from a socket, or changed in OUTPUT (ip_route_me_harder): no source is a group or a broadcast address. */
function sentFlow(netns: Netns, skb: Skb): FlowKey {
  const flow = flowKey(skb, "lo");
  const type = netns.addressType(flow.src);
  return type === "BROADCAST" || type === "MULTICAST" ? { ...flow, src: 0 } : flow;
}

/** Without routes: the device with an address in the same network, or one that is not known. */
export function guessOutput(run: Run, netns: Netns, dst: Address): Destination {
  if (netns.addressType(dst) === "LOCAL" || isLoopback(dst)) return { kind: "local", device: "lo" };
  const device = netns.connectedDevice(dst) ?? UNKNOWN_DEVICE;
  run.world.assumptions.add({
    id: "routes",
    text: `which device leads to ${formatAddress(dst)} is not known${device === UNKNOWN_DEVICE ? "" : `; taken for ${device}`}`,
    flag: "--routes",
  });
  return { kind: "output", device };
}

/** A packet of a local socket or of the stack itself: routed, through OUTPUT, and out. Returns false when it has no route and never existed. */
export function sendLocal(run: Run, netns: Netns, skb: Skb): boolean {
  if (skb.packet.family === 6) return sendLocal6(run, netns, skb);
  const flow = skb.routeSource === undefined ? sentFlow(netns, skb) : { ...flowKey(skb, "lo"), src: skb.routeSource };
  const first = routeOutput(run, netns, flow, "output");
  if (!first) {
    run.drop(skb, "no-route", "there is no route to its destination, which the sending socket is told");
    return false;
  }
  const mtu = netns.mtuOf(first.device, first.route);
  if (!skb.generated && mtu !== undefined && first.device !== "lo" && skb.packet.length > mtu && skb.segment === undefined) {
    if (skb.packet.protocol === PROTOCOL.tcp) skb.segment = mtu;
    else if (skb.packet.dontFragment) {
      run.drop(skb, "send-error", `it is longer than the MTU of ${first.device} (${mtu}), which the sending socket is told`);
      return true;
    }
  }
  sendRouted(run, netns, skb, first);
  return true;
}

/** ip_local_out: through OUTPUT, and out. */
export function sendRouted(run: Run, netns: Netns, skb: Skb, first: Destination): void {
  if (skb.packet.family === 6) return sendRouted6(run, netns, skb, first);
  skb.destination = first;
  const devices = { in: "", out: first.device };
  const reroute = (packet: Skb) => {
    const again = routeOutput(run, netns, sentFlow(netns, packet), "reroute");
    if (!again) {
      run.drop(packet, "no-route", "after it was changed in OUTPUT there is no route to its destination");
      return false;
    }
    packet.destination = again;
    return true;
  };
  if (runHook(run, netns, "OUTPUT", skb, devices, reroute)) sendOn(run, netns, skb);
}

/** Broadcasts, and multicasts to the one group that every device has joined, come back to the sender (RTCF_LOCAL). */
function hearsItself(skb: Skb, { kind, device }: Destination): boolean {
  return device !== "lo" && (kind === "broadcast" || (kind === "multicast" && skb.packet.dst === ALL_HOSTS));
}

/** ip_output and ip_mc_output. */
function sendOn(run: Run, netns: Netns, skb: Skb): void {
  const destination = skb.destination;
  if (!destination) return;
  skb.device = destination.device;
  if (hearsItself(skb, destination)) {
    const copy = cloneSkb(skb);
    const up = netns.devices.get(destination.device)?.up !== false;
    if (runHook(run, netns, "POSTROUTING", copy, { in: "", out: destination.device }) && up) {
      copy.looped = true;
      copy.type = destination.kind === "broadcast" ? "broadcast" : "multicast";
      run.later(() => ipReceive(run, netns, copy));
      if (run.sending) run.drain();
    }
  }
  // What TEE copied has a device already, though it never came in there (skb->dev).
  const from = skb.duplicate ? skb.in : "";
  if (!runHook(run, netns, "POSTROUTING", skb, { in: from, out: destination.device })) return;
  finishOutput(run, netns, skb);
}

/** ip_finish_output: fragments what is too long, and hands it to the neighbour. */
export function finishOutput(run: Run, netns: Netns, skb: Skb): void {
  const destination = skb.destination;
  if (!destination) return;
  const mtu = sendingMtu(run, netns, skb, destination) ?? 65535;
  const fitting = fits(run, skb, destination.device, mtu);
  if (fitting && skb.fragMaxSize === undefined) return toNeighbour(run, netns, skb);
  if (skb.segment !== undefined && !skb.packet.dontFragment)
    throw new Undecided(`how long the segments are that are cut for an MTU of ${mtu}`);
  if (!fitting && skb.packet.dontFragment && (!skb.ignoreDf || (skb.fragMaxSize ?? 0) > mtu)) {
    sendIcmpError(run, netns, skb, skb.in, 3, 4, { mtu });
    run.drop(
      skb,
      "too-big",
      `it is ${skb.packet.length} octets long and must not be fragmented, but the MTU of ${destination.device} is ${mtu}`,
    );
    return;
  }
  const limit = skb.fragMaxSize !== undefined ? Math.min(mtu, skb.fragMaxSize) : mtu;
  if (skb.packet.length <= limit) return toNeighbour(run, netns, skb);
  for (const packet of cut(skb, mtu)) {
    toNeighbour(run, netns, skb.with({ packet, fragments: undefined, fragMaxSize: undefined }));
    if (run.sending) run.drain();
  }
}
