import { isGroupMac, MAC_BROADCAST } from "../model/address.ts";
import type { Device } from "../model/host.ts";
import type { FrameType } from "../model/packet.ts";
import { bondOf, bondTransmit, isBond, toBond } from "./bond.ts";
import { bridgeReceive, bridgeTransmit } from "./bridge.ts";
import { ipReceive } from "./input.ts";
import { ipvlanTransmit, toIpvlan } from "./ipvlan.ts";
import { macvlanTransmit, TAP, toMacvlan } from "./macvlan.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import { isTaken } from "./segments.ts";
import { reread, type Skb, scrubbed } from "./skb.ts";
import { lowerOf, type Placed } from "./standing.ts";
import { tagOf, vlanDevice } from "./vlan.ts";

/** Devices that a packet may cross before it is taken for going round in a circle; a TTL of 255 lets it cross some more than that. */
const MAX_DEVICES = 2000;
/** What a fragment that crosses a device counts for: there can be some ninety of one packet. */
const FRAGMENT_SHARE = 1 / 16;

/** What eth_type_trans makes of a destination address on a device. */
function frameType(mac: number | undefined, device: Device): FrameType {
  if (mac === undefined || mac === device.mac) return "host";
  if (mac === MAC_BROADCAST) return "broadcast";
  return isGroupMac(mac) ? "multicast" : "otherhost";
}

/** dev_queue_xmit: a packet leaves through a device. */
export function transmit(run: Run, netns: Netns, device: Device, skb: Skb): void {
  run.crossed += skb.packet.fragment ? FRAGMENT_SHARE : 1;
  if (run.crossed > MAX_DEVICES) {
    run.drop(skb, "loop", "it goes round in a circle");
    return;
  }
  if (!device.up) {
    run.drop(skb, "device-down", `${device.name} is down`);
    return;
  }
  run.appear(skb, device.name);
  run.steps.push({ kind: "device", netns: netns.name, interface: device.name, direction: "out" });
  if (device.kind === "loopback") {
    skb.duplicate = undefined;
    skb.looped = true;
    skb.type = "host";
    skb.device = device.name;
    return comeRound(run, netns, device, skb);
  }
  if (device.bridge || device.kind === "bridge") return bridgeTransmit(run, netns, device, skb);
  const lower = lowerOf(netns, device, run.world.netns);
  if (lower && device.macvlan) return macvlanTransmit(run, netns, device, lower, skb);
  if (lower && device.ipvlan) return ipvlanTransmit(run, netns, device, lower, skb);
  if (lower) return vlanTransmit(run, netns, device, lower, skb);
  if (isBond(device)) return bondTransmit(run, netns, device, skb);
  const peer = netns.peerOf(device, run.world.netns);
  if (!peer) {
    run.end("forwarded", { netns: netns.name, interface: skb.sentBy ?? device.name });
    return;
  }
  if (!peer.device.up) {
    run.drop(skb, "device-down", `${peer.device.name} in ${peer.netns.name}, the other end of ${device.name}, is down`);
    return;
  }
  if (!isTaken(skb, peer.device)) {
    run.drop(skb, "too-big", `${peer.device.name} in ${peer.netns.name} takes no packets of more than ${peer.device.mtu} octets (its MTU)`);
    return;
  }
  cross(run, peer.netns, peer.device, forwarded(skb, netns, peer.netns));
}

/** vlan_dev_hard_start_xmit: a VLAN's device sends by the one that it stands on, with its tag. */
function vlanTransmit(run: Run, netns: Netns, device: Device, lower: Placed, skb: Skb): void {
  const tag = tagOf(device);
  const vlans = tag ? [tag, ...(skb.vlans ?? [])] : skb.vlans;
  transmit(run, lower.netns, lower.device, onLower(skb, netns, device, lower).with({ vlans }));
}

/** A packet as it goes on by the device below, which may be in another namespace. */
export function onLower(skb: Skb, netns: Netns, device: Device, lower: Placed): Skb {
  return skb.with({ netns: lower.netns.name, ...(lower.netns === netns && { sentBy: device.name }) });
}

/** What comes in elsewhere of a frame that a device has sent (dev_forward_skb). */
export function forwarded(skb: Skb, from: Netns, to: Netns): Skb {
  return Object.assign(scrubbed(skb), {
    type: "host",
    mark: to === from ? skb.mark : 0,
    netns: to.name,
    ctState: "INVALID",
    ctDirection: "original",
    local: false,
    looped: false,
  } as const);
}

// By themselves, since what closures catch would be set apart for every frame that is sent.
function comeRound(run: Run, netns: Netns, device: Device, skb: Skb): void {
  run.later(() => {
    run.arrive(skb, device.name);
    ipReceive(run, netns, skb);
  });
}

function cross(run: Run, netns: Netns, device: Device, skb: Skb): void {
  run.later(() => receive(run, netns, device, skb));
}

/** netif_receive_skb: a frame comes in on a device; a bridge's port hands it to the bridge. */
export function receive(run: Run, netns: Netns, device: Device, skb: Skb): void {
  skb.netns = netns.name;
  skb.device = device.name;
  skb.in = device.name;
  reread(skb);
  if (skb.dstMac !== undefined || skb.type !== "otherhost") skb.type = frameType(skb.dstMac, device);
  enter(run, netns, device, skb);
}

/** A frame that came in on one device comes in on another one: on what stands on the first, or on what that is a member of (RX_HANDLER_ANOTHER). */
export function comeIn(run: Run, { netns, device }: Placed, skb: Skb): void {
  enter(run, netns, device, skb.with({ netns: netns.name, device: device.name, in: device.name }));
}

function enter(run: Run, netns: Netns, device: Device, skb: Skb): void {
  run.arrive(skb, device.name);
  run.steps.push({ kind: "device", netns: netns.name, interface: device.name, direction: "in" });
  takeIn(run, netns, device, skb);
}

/** __netif_receive_skb_core: to the VLAN's device that a tag names, else to a macvlan or ipvlan, to the bond of a member or the bridge of a port, or to IP. */
export function takeIn(run: Run, netns: Netns, device: Device, skb: Skb): void {
  const tag = skb.vlans?.[0];
  const own = tag && vlanDevice(netns, device, tag);
  if (own) return takeTagged(run, own, skb);
  if (toMacvlan(run, netns, device, skb) || toIpvlan(run, netns, device, skb)) return;
  if (device.kind === TAP) return toProgram(run, netns, device);
  const bond = bondOf(netns, device);
  if (bond) return toBond(run, netns, bond, device, skb);
  const bridge = device.master === undefined ? undefined : netns.devices.get(device.master);
  if (bridge?.kind === "bridge") return bridgeReceive(run, netns, bridge, device, skb);
  if (!tag) return ipReceive(run, netns, skb);
  // Number 0 stands for no VLAN; only the priority counts.
  if (tag.id === 0) return takeIn(run, netns, device, untagged(skb));
  run.drop(skb, "not-for-us", `its tag is that of VLAN ${tag.id}, for which ${netns.name} has no device on ${device.name}`);
}

/** vlan_do_receive: the same frame without its tag on the VLAN's device. */
function takeTagged(run: Run, own: Placed, tagged: Skb): void {
  const { netns, device } = own;
  const skb = untagged(tagged).with({ netns: netns.name });
  if (!device.up) {
    run.drop(skb, "device-down", `${device.name} is down`);
    return;
  }
  if (skb.type === "otherhost" && skb.dstMac === device.mac) skb.type = "host";
  comeIn(run, own, skb);
}

/** tap_handle_frame: what comes in on a macvtap is for the program that has it open, which nothing shows; a virtual machine, mostly. */
function toProgram(run: Run, netns: Netns, device: Device): void {
  run.steps.push({ kind: "stack", netns: netns.name, note: `it is handed to the program that has ${device.name} open` });
  run.end("forwarded", { netns: netns.name, interface: device.name });
}

/** Without its outer tag. */
function untagged(skb: Skb): Skb {
  const inner = skb.vlans?.slice(1) ?? [];
  return skb.with({ vlans: inner.length > 0 ? inner : undefined });
}
