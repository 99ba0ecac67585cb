import { formatAddress, isMulticast } from "../model/address.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import { isLinkLocal } from "./address6.ts";
import { sendIcmp6Error } from "./answers6.ts";
import { cut6 } from "./fragments6.ts";
import { runHook } from "./hooks.ts";
import { receive6 } from "./input6.ts";
import { hasJoined6 } from "./joined6.ts";
import { toNeighbour } from "./neighbour.ts";
import type { Netns } from "./netns.ts";
import { sendingMtu } from "./path-mtu.ts";
import { flowKey } from "./route-input.ts";
import { routeOutput6, scopedDevice } from "./route6.ts";
import type { FlowKey6 } from "./routing6.ts";
import type { Run } from "./run.ts";
import { fits } from "./segments.ts";
import { cloneSkb, type Destination, type Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

const NODE_SCOPE = 1;
const ADVERTISEMENT = 136;
const LISTENER_REPORT = 143;

/** What a packet's headers say for a routing decision (ip6_route_me_harder keeps to the device where the destination is one of a link). */
function flowOf(skb: Skb, oif: string | undefined): FlowKey6 {
  return { ...flowKey(skb, "lo"), ...(oif !== undefined && { oif }) };
}

/** Neighbour and listener discovery is sent without a look at the routing tables (ndisc_send_skb, mld_sendpack). */
function isDiscovery({ transport, protocol }: Packet): boolean {
  if (protocol !== PROTOCOL.icmpv6 || transport?.kind !== "icmp") return false;
  return (transport.type >= 130 && transport.type <= 137) || transport.type === 143;
}

/** A packet of a local socket or of the stack itself: routed, through OUTPUT, and out. Returns false when it has no route and never existed. */
export function sendLocal6(run: Run, netns: Netns, skb: Skb, socket?: { readonly oif: string | undefined }): boolean {
  const device = socket ? socket.oif : (scopedDevice(run, netns, skb) ?? discoveryDevice(netns, skb.packet));
  const direct = device !== undefined && isDiscovery(skb.packet);
  const kind = isMulticast(skb.packet.dst) ? "multicast" : "output";
  const flow = flowOf(skb, device);
  const first: Destination | undefined = direct
    ? { kind, device }
    : routeOutput6(run, netns, skb.routeSource === undefined ? flow : { ...flow, src: skb.routeSource }, "output");
  if (!first) {
    run.drop(skb, "no-route", "there is no route to its destination, which the sending socket is told");
    return false;
  }
  const mtu = netns.mtu6Of(first.device, first.route);
  if (!skb.generated && mtu !== undefined && first.kind !== "local" && skb.packet.length > mtu && skb.segment === undefined) {
    if (skb.packet.protocol === PROTOCOL.tcp) skb.segment = mtu;
    else skb.ignoreDf = true;
  }
  sendRouted6(run, netns, skb, first);
  return true;
}

/** ip6_local_out: through OUTPUT, and out. */
export function sendRouted6(run: Run, netns: Netns, skb: Skb, first: Destination): void {
  skb.destination = first;
  const reroute = (packet: Skb) => {
    const { dst } = packet.packet;
    const oif = isMulticast(dst) || isLinkLocal(dst) ? packet.destination?.device : undefined;
    const again = routeOutput6(run, netns, flowOf(packet, oif), "reroute");
    if (!again) {
      run.drop(packet, "no-route", "after it was changed in OUTPUT there is no route to its destination");
      return false;
    }
    packet.destination = again;
    return true;
  };
  if (runHook(run, netns, "OUTPUT", skb, { in: "", out: first.device }, reroute)) sendOn6(run, netns, skb);
}

/** Neighbour discovery with an address of one device is sent there. */
function discoveryDevice(netns: Netns, packet: Packet): string | undefined {
  return isDiscovery(packet) ? netns.deviceOf(packet.src)?.name : undefined;
}

/** ip6_output */
function sendOn6(run: Run, netns: Netns, skb: Skb): void {
  const destination = skb.destination;
  if (!destination) return;
  skb.device = destination.device;
  if (netns.deviceSysctl6(destination.device, "disable_ipv6", 0) !== 0) {
    run.drop(skb, "ipv6-disabled", `${destination.device} does no IPv6 (disable_ipv6)`);
    return;
  }
  // What TEE copied and what the kernel itself says to neighbours has a device already (skb->dev).
  const from = skb.in === "" && isDiscovery(skb.packet) ? destination.device : skb.in;
  if (!runHook(run, netns, "POSTROUTING", skb, { in: from, out: destination.device })) return;
  finishOutput6(run, netns, skb);
}

/** ip6_finish_output: fragments what is too long, and hands it to the neighbour. */
export function finishOutput6(run: Run, netns: Netns, skb: Skb): void {
  const destination = skb.destination;
  if (!destination) return;
  const { length } = skb.packet;
  const mtu = sendingMtu(run, netns, skb, destination) ?? 65_535;
  if (skb.segment !== undefined && !fits(run, skb, destination.device, mtu))
    throw new Undecided(`how long the segments are that are cut for an MTU of ${mtu}`);
  if (skb.segment !== undefined || (length <= mtu && skb.fragMaxSize === undefined)) return leave(run, netns, skb);
  if (length <= mtu && (skb.fragMaxSize === undefined || length <= skb.fragMaxSize)) return leave(run, netns, skb);
  const pieces = length > mtu && !skb.ignoreDf && !skb.generated ? undefined : cut6(skb, mtu);
  if (!pieces) {
    sendIcmp6Error(run, netns, skb.with({ device: destination.device }), 2, 0, { mtu });
    const whose = mtu === netns.mtu6Of(destination.device, destination.route) ? `MTU of ${destination.device}` : "path MTU";
    run.drop(skb, "too-big", `it is ${length} octets long, but the ${whose} is ${mtu}, and it is not fragmented`);
    return;
  }
  for (const packet of pieces) {
    leave(run, netns, skb.with({ packet, fragments: undefined, fragMaxSize: undefined }));
    if (run.sending) run.drain();
  }
}

/** ip6_finish_output2: what goes to a group that the device has joined comes back, too. */
function leave(run: Run, netns: Netns, skb: Skb): void {
  const { dst } = skb.packet;
  const device = netns.devices.get(skb.destination?.device ?? "");
  if (!isMulticast(dst) || !device || device.kind === "loopback") return toNeighbour(run, netns, skb);
  // TEE's copies belong to no socket (sk_mc_loop).
  const heard = skb.duplicate || (skb.local && isHeard(run, skb.packet));
  if (heard && hasJoined6(netns, device, dst)) loopBack(run, netns, skb, device.name);
  if (Number((BigInt(dst) >> 112n) & 15n) <= NODE_SCOPE) {
    run.drop(skb, "node-scope", `the group ${formatAddress(dst)} is one within this host, which it does not leave`);
    return;
  }
  toNeighbour(run, netns, skb);
}

/** sk_mc_loop: the kernel's own discovery messages do not come back; solicitations of groups of the host itself are those of programs. */
function isHeard(run: Run, { transport, protocol, src }: Packet): boolean {
  if (protocol !== PROTOCOL.icmpv6 || transport?.kind !== "icmp") return true;
  if (transport.type === LISTENER_REPORT || (transport.type >= 130 && transport.type <= 132)) return false;
  if (transport.type === ADVERTISEMENT) {
    run.world.assumptions.add({ id: "advertisement", text: "the kernel itself sent this neighbour advertisement, not a program" });
    return false;
  }
  return src !== 0n;
}

/** dev_loopback_xmit, after a POSTROUTING of its own. */
function loopBack(run: Run, netns: Netns, skb: Skb, device: string): void {
  const copy = cloneSkb(skb);
  if (!runHook(run, netns, "POSTROUTING", copy, { in: "", out: device })) return;
  copy.looped = true;
  // It keeps its route, which for TEE's copies leads to the gateway, and ip6_forward takes no PACKET_LOOPBACK.
  copy.type = skb.duplicate ? "multicast" : "host";
  copy.device = device;
  copy.duplicate = undefined;
  run.later(() => {
    run.arrive(copy, device);
    receive6(run, netns, copy);
  });
}
