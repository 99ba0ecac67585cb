import { type Family, formatMac, isGroupMac, MAC_BROADCAST } from "../model/address.ts";
import type { Device } from "../model/host.ts";
import { pushOut, refit } from "./bridge-port.ts";
import { checkVlans } from "./bridge-vlan.ts";
import { endsInHopByHop, extensionsOf } from "./extensions6.ts";
import { behindPort, fdbLookup, learnStation } from "./fdb.ts";
import { runHook } from "./hooks.ts";
import { ipReceive } from "./input.ts";
import { takeIn } from "./link.ts";
import { headerCache, type Netns } from "./netns.ts";
import { isDroppedOnBridge } from "./options6.ts";
import { routeInput } from "./route-input.ts";
import { routeInput6 } from "./route6.ts";
import type { Run } from "./run.ts";
import { cloneSkb, reread, type Skb, share } from "./skb.ts";

/** Whether bridged packets of a family run through its tables (br_nf_pre_routing: the sysctl or the bridge's own switch). */
export function callsIptables(netns: Netns, bridge: Device, family: Family): boolean {
  if (family === 4) return netns.sysctl("net.bridge.bridge-nf-call-iptables", 0) !== 0 || bridge.bridge?.callIptables === true;
  return netns.sysctl("net.bridge.bridge-nf-call-ip6tables", 0) !== 0 || bridge.bridge?.callIp6tables === true;
}

const LINK_GROUPS = 0x0180c2000000;
const PAUSE = LINK_GROUPS + 1;

/** Whether a group address is one of a link protocol, which a bridge leaves to the port itself unless it is told otherwise (group_fwd_mask). */
function staysOnLink({ bridge }: Device, mac: number): boolean {
  const number = mac - LINK_GROUPS;
  if (number < 0 || number > 15 || (number === 0 && bridge?.stp !== true)) return false;
  return mac === PAUSE || ((bridge?.groupForwardMask ?? 0) & (1 << number)) === 0;
}

/** br_handle_frame: a frame comes in on a port. */
export function bridgeReceive(run: Run, netns: Netns, bridge: Device, port: Device, skb: Skb): void {
  if (skb.dstMac !== undefined && staysOnLink(bridge, skb.dstMac)) {
    if (skb.dstMac === PAUSE) run.drop(skb, "bridge", `${formatMac(PAUSE)} is for the link alone`);
    else ipReceive(run, netns, skb);
    return;
  }
  const state = port.port?.state ?? "forwarding";
  if (state !== "forwarding" && state !== "learning") {
    run.drop(skb, "bridge", `the bridge port ${port.name} is ${state}`);
    return;
  }
  if (!bridge.up) {
    run.drop(skb, "device-down", `the bridge ${bridge.name} is down`);
    return;
  }
  if (skb.srcMac !== undefined && (skb.srcMac === 0 || isGroupMac(skb.srcMac))) {
    run.drop(skb, "bridge", `no frame can come from ${formatMac(skb.srcMac)}`);
    return;
  }
  if (skb.dstMac === bridge.mac) skb.type = "host";
  const seen = !skb.vlans || netns.sysctl("net.bridge.bridge-nf-filter-vlan-tagged", 0) !== 0;
  if (seen && callsIptables(netns, bridge, skb.packet.family)) return prerouting(run, netns, bridge, port, skb);
  handleFrame(run, netns, bridge, port, skb);
}

/** br_nf_pre_routing and br_nf_pre_routing_finish: PREROUTING for a bridged packet, and what a DNAT there does. */
function prerouting(run: Run, netns: Netns, bridge: Device, port: Device, skb: Skb): void {
  if (skb.packet.headerChecksum === "bad") {
    run.drop(skb, "ttl-or-header", "its IP header checksum is wrong");
    return;
  }
  if (endsInHopByHop(skb.packet)) {
    run.drop(skb, "ttl-or-header", "it ends within its hop-by-hop options");
    return;
  }
  const [first] = extensionsOf(skb.packet);
  if (first?.name === "hop-by-hop" && isDroppedOnBridge(skb.packet, first)) {
    run.drop(skb, "ttl-or-header", "its hop-by-hop options are malformed");
    return;
  }
  const otherhost = skb.type === "otherhost";
  if (otherhost) skb.type = "host";
  const originalDst = skb.packet.dst;
  skb.bridge = { physIn: port.name, originalDst, inPrerouting: true, sabotageDone: false };
  skb.device = bridge.name;
  skb.in = bridge.name;
  if (!runHook(run, netns, "PREROUTING", skb, { in: bridge.name, out: "" })) return;
  skb.bridge.inPrerouting = false;
  if (otherhost) skb.type = "otherhost";
  if (skb.packet.dst !== originalDst) {
    const target = bridgedDnat(run, netns, bridge, skb);
    if (target === "drop") return;
    if (target === "bridged") return dnatToPort(run, netns, bridge, port, skb);
    if (bridge.mac !== undefined) skb.dstMac = bridge.mac;
    skb.type = "host";
  }
  handleFrame(run, netns, bridge, port, skb);
}

/** Where a DNAT of a bridged packet leads: to another port ("bridged"), up to the host ("up"), or nowhere. */
function bridgedDnat(run: Run, netns: Netns, bridge: Device, skb: Skb): "bridged" | "up" | "drop" {
  const route = (skb.packet.family === 4 ? routeInput : routeInput6)(run, netns, skb.with({ device: bridge.name }));
  if (route.kind === "drop") {
    run.drop(skb, route.reason, route.text);
    return "drop";
  }
  if (route.kind === "error" && skb.packet.family === 6) {
    run.drop(skb, "no-route", "there is no route to its new destination");
    return "drop";
  }
  skb.destination = route;
  return route.kind === "forward" && route.device === bridge.name ? "bridged" : "up";
}

/** br_nf_pre_routing_finish_bridge: the new destination's own MAC address, and on over the bridge. */
function dnatToPort(run: Run, netns: Netns, bridge: Device, port: Device, skb: Skb): void {
  const nexthop = skb.destination?.nexthop?.via ?? skb.packet.dst;
  const entry = netns.neighbour(bridge.name, nexthop);
  const mac = entry?.mac ?? run.world.ownerOf(netns, bridge, nexthop);
  if (mac === "nobody") {
    run.drop(skb, "no-neighbour", `nobody on ${bridge.name} answers for its new destination`);
    return;
  }
  skb.dstMac = mac;
  if (bridge.mac !== undefined) skb.srcMac = skb.srcMac ?? bridge.mac;
  skb.type = "otherhost";
  if (!netns.stack(skb.packet.family).sawTraffic) run.world.state.watch?.shared("the header of a neighbour is needed");
  if (!netns.stack(skb.packet.family).sawTraffic && !run.world.state.get(headerCache(netns.name, bridge.name, nexthop))) {
    run.world.state.set(headerCache(netns.name, bridge.name, nexthop), true);
    run.appear(skb, bridge.name);
  }
  handleFrame(run, netns, bridge, port, skb);
}

/** br_handle_frame_finish: learn, then up, on, or to all ports. */
function handleFrame(run: Run, netns: Netns, bridge: Device, port: Device, skb: Skb): void {
  checkVlans(netns, bridge, skb);
  const known = skb.srcMac === undefined ? undefined : fdbLookup(run, netns, bridge, skb.srcMac);
  if (port.port?.locked) run.world.state.watch?.shared("a locked bridge port asks for its stations");
  if (port.port?.locked && known !== port.name) {
    run.drop(skb, "bridge", `the bridge port ${port.name} is locked, and the sender is not known to be behind it`);
    return;
  }
  if (port.port?.learning !== false && skb.srcMac !== undefined && !isGroupMac(skb.srcMac)) {
    learnStation(run, netns, bridge, port, skb.srcMac, known);
  }
  if (port.port?.state === "learning") {
    run.drop(skb, "bridge", `the bridge port ${port.name} is learning`);
    return;
  }
  const mac = skb.dstMac;
  if (mac === undefined) return skb.type === "otherhost" ? flood(run, netns, bridge, port, skb) : up(run, netns, bridge, port, skb);
  if (isGroupMac(mac)) {
    flood(run, netns, bridge, port, skb, true);
    return up(run, netns, bridge, port, skb);
  }
  const target = behindPort(run, netns, bridge, mac);
  if (target === bridge.name) return up(run, netns, bridge, port, skb);
  if (target === undefined) return flood(run, netns, bridge, port, skb);
  const out = netns.devices.get(target);
  const refused = out ? refusal(port, out) : `${target} does not exist`;
  run.steps.push({
    kind: "bridge",
    netns: netns.name,
    bridge: bridge.name,
    port: port.name,
    action: refused ? "drop" : "forward",
    ports: [target],
    note: refused ?? `${formatMac(mac)} is behind port ${target}`,
  });
  if (refused || !out) {
    run.drop(skb, "bridge", refused ?? "");
    return;
  }
  bridgeForward(run, netns, bridge, port, out, skb);
}

/** should_deliver: why a frame from one port does not leave by another; undefined when it does. */
function refusal(from: Device | undefined, to: Device): string | undefined {
  if (from && from.name === to.name && !to.port?.hairpin)
    return `a bridge does not send a frame back through the port it came from (hairpin mode of ${to.name} is off)`;
  if (to.port && to.port.state !== "forwarding") return `the bridge port ${to.name} is ${to.port.state}`;
  if (from?.port?.isolated && to.port?.isolated) return `${from.name} and ${to.name} are isolated ports`;
  if (!to.up) return `the bridge port ${to.name} is down`;
  return undefined;
}

/** Whether a station that the snapshot does not have can be behind a port; those that it has are known not to be the one. */
function leadsOn(run: Run, netns: Netns, port: Device): boolean {
  const peer = netns.peerOf(port, run.world.netns);
  return !peer || peer.device.master !== undefined;
}

/** br_flood: to all ports but the one it came from; `goesOn` when the host takes it as well. */
function flood(run: Run, netns: Netns, bridge: Device, from: Device | undefined, skb: Skb, goesOn = false): void {
  const mac = skb.dstMac ?? 0;
  const ports = (netns.ports.get(bridge.name) ?? []).filter((port) => {
    if (refusal(from, port)) return false;
    if (skb.dstMac === undefined && !leadsOn(run, netns, port)) return false;
    if (!isGroupMac(mac)) return port.port?.flood !== false;
    // What the host itself sends to many goes to all.
    if (!from) return true;
    return mac === MAC_BROADCAST ? port.port?.broadcastFlood !== false : port.port?.multicastFlood !== false;
  });
  run.steps.push({
    kind: "bridge",
    netns: netns.name,
    bridge: bridge.name,
    ...(from ? { port: from.name } : {}),
    action: "flood",
    ports: ports.map((port) => port.name),
    note: isGroupMac(mac)
      ? "to all ports"
      : `${mac === 0 ? "its destination" : formatMac(mac)} is behind no port that is known: to all ports`,
  });
  if (ports.length === 0 && !isGroupMac(mac)) run.drop(skb, "bridge", `${bridge.name} has no port to send it to`);
  share(skb);
  for (const port of ports) {
    const copy = cloneSkb(skb);
    reread(copy);
    // What several share is not cut along its old borders (ip_do_fragment, skb_cloned).
    if (goesOn || port !== ports.at(-1)) copy.fragments = undefined;
    bridgeForward(run, netns, bridge, from, port, copy);
  }
}

/** __br_forward: bridge netfilter's FORWARD and POSTROUTING, then the port. */
function bridgeForward(run: Run, netns: Netns, bridge: Device, from: Device | undefined, port: Device, skb: Skb): void {
  if (!skb.bridge || skb.local) return pushOut(run, netns, port, skb);
  const type = skb.type;
  if (type === "otherhost") skb.type = "host";
  if (from) {
    // A copy of it keeps what it had (nf_bridge_unshare).
    skb.bridge = { ...skb.bridge, physOut: port.name };
    // br_validate_ipv4 forgets what was noted of DF in its fragments.
    skb.fragDf = undefined;
    if (!runHook(run, netns, "FORWARD", skb, { in: bridge.name, out: bridge.name })) return;
  }
  if (!runHook(run, netns, "POSTROUTING", skb, { in: "", out: bridge.name })) return;
  skb.type = type;
  for (const packet of refit(run, netns, bridge, port, skb)) pushOut(run, netns, port, skb.with({ packet }));
}

/** br_pass_frame_up: the bridge itself takes the frame. */
function up(run: Run, netns: Netns, bridge: Device, port: Device, skb: Skb): void {
  run.steps.push({ kind: "bridge", netns: netns.name, bridge: bridge.name, port: port.name, action: "up", ports: [] });
  reread(skb);
  skb.device = bridge.name;
  skb.in = bridge.name;
  // ip_rcv clears what the bridge's own defragmentation has left there.
  skb.fragMaxSize = undefined;
  skb.fragDf = undefined;
  skb.fragments = undefined;
  run.arrive(skb, bridge.name);
  if (skb.bridge) delete skb.bridge.physOut;
  // br_nf_local_in: of a frame for many the connection is entered before any of its copies can be.
  const toMany = skb.dstMac !== undefined && isGroupMac(skb.dstMac);
  const { connection } = skb;
  if (toMany && connection && !connection.confirmed) {
    if (netns.tracker(skb.packet.family)?.confirm(skb, run.time) === false) {
      run.drop(skb, "conntrack-clash", "another connection with the same addresses and ports was entered meanwhile");
      return;
    }
    run.world.state.change(connection);
    connection.fromMany = true;
  }
  takeIn(run, netns, bridge, skb);
}

/**
 * br_dev_xmit: the host itself sends a frame into the bridge. Bridge netfilter asks POSTROUTING once more for TEE's copy of a packet that
 * was leaving by a port, as if that were its own (br_nf_post_routing).
 */
export function bridgeTransmit(run: Run, netns: Netns, bridge: Device, skb: Skb): void {
  checkVlans(netns, bridge, skb);
  const mac = skb.dstMac;
  const plain = skb.bridge?.physOut === undefined ? skb.with({ bridge: undefined }) : skb;
  if (mac === undefined || isGroupMac(mac)) return flood(run, netns, bridge, undefined, plain);
  const target = behindPort(run, netns, bridge, mac);
  const out = target === undefined ? undefined : netns.devices.get(target);
  if (!out || target === bridge.name) return flood(run, netns, bridge, undefined, plain);
  const refused = refusal(undefined, out);
  run.steps.push({
    kind: "bridge",
    netns: netns.name,
    bridge: bridge.name,
    action: refused ? "drop" : "forward",
    ports: [out.name],
    note: refused ?? `${formatMac(mac)} is behind port ${out.name}`,
  });
  if (refused) {
    run.drop(skb, "bridge", refused);
    return;
  }
  bridgeForward(run, netns, bridge, undefined, out, plain);
}
