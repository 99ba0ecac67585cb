import { isGroupMac, isMulticast, MAC_BROADCAST } from "../model/address.ts";
import type { Device } from "../model/host.ts";
import type { Frame, Packet } from "../model/packet.ts";
import { hasJoined6 } from "./joined6.ts";
import { forwarded, onLower, receive, takeIn, transmit } from "./link.ts";
import { groupMac } from "./neighbour.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import { cloneSkb, type Skb } from "./skb.ts";
import type { Placed } from "./standing.ts";

/** A macvlan whose frames a program reads and writes. */
export const TAP = "macvtap";

type Mode = NonNullable<Device["macvlan"]>["mode"];

/** The group of all hosts: 01:00:5e:00:00:01. */
const ALL_HOSTS_MAC = 0x01005e000001;
const NONE: readonly never[] = [];
const EVERY_MODE: readonly Mode[] = ["private", "vepa", "bridge", "passthru"];

/** The macvlans of all namespaces that stand on a device. */
function macvlansOn({ standing }: Netns, lower: Device): readonly Placed[] {
  return standing.get(lower)?.filter(({ device }) => device.macvlan) ?? NONE;
}

/** Whether frames with this source that leave by a device come from a macvlan on it, or a program, and have not been through the host's own IP. */
export function isOfMacvlan(netns: Netns, lower: Device, mac: number | undefined): boolean {
  return lower.kind === TAP || (mac !== undefined && macvlansOn(netns, lower).some(({ device }) => device.mac === mac));
}

/** Whether a frame without a direction goes out on a device, since it comes from a macvlan there; what is for another one in bridge mode comes back in. */
export function isSentByMacvlan(netns: Netns, lower: Device, { type, srcMac, dstMac }: Frame): boolean {
  if (type !== undefined || !netns.standing.has(lower)) return false;
  const all = macvlansOn(netns, lower);
  const sender = all.find(({ device }) => device.mac === srcMac)?.device.macvlan;
  const isBridged = sender?.mode === "bridge" && all.some(({ device }) => device.mac === dstMac && device.macvlan?.mode === "bridge");
  return sender !== undefined && !isBridged;
}

/** The MAC address of the macvlan on a device whose namespace has the destination of a packet; a capture of all devices does not show it. */
export function macvlanOf(netns: Netns, lower: Device, { dst }: Packet): number | undefined {
  return macvlansOn(netns, lower).find((one) => one.netns.hasAddress(dst, one.device.name))?.device.mac;
}

/** macvlan_handle_frame: a frame comes in on a device with macvlans. Says whether one of them has taken it, so that the device itself does not. */
export function toMacvlan(run: Run, netns: Netns, lower: Device, skb: Skb): boolean {
  const children = macvlansOn(netns, lower);
  if (children.length === 0 || skb.dstMac === undefined) return false;
  if (isGroupMac(skb.dstMac)) {
    const from = children.find(({ device }) => device.mac === skb.srcMac);
    const mode = from?.device.macvlan?.mode;
    // Ports in bridge mode have seen on the way out what one of them sent; what is in another mode gets its own back.
    if (from && mode !== "vepa" && mode !== "bridge") {
      toMany(run, [from], skb, EVERY_MODE);
      return true;
    }
    const others = children.filter((one) => one !== from);
    toMany(run, others, skb, from ? (mode === "vepa" ? ["vepa", "bridge"] : ["vepa"]) : EVERY_MODE);
    return false;
  }
  const child = children.find(({ device }) => device.macvlan?.mode === "passthru" || device.mac === skb.dstMac);
  if (!child) return false;
  if (child.device.up) takeUp(run, child, skb.with({ type: "host" }));
  else run.drop(skb, "device-down", `${child.device.name} in ${child.netns.name} is down`);
  return true;
}

/** macvlan_broadcast: a copy for each macvlan in one of these modes. */
function toMany(run: Run, children: readonly Placed[], skb: Skb, modes: readonly Mode[]): void {
  copiesFor(
    run,
    children.filter(({ device }) => modes.includes(device.macvlan?.mode ?? "vepa")),
    skb,
  );
}

/** A copy for each device that listens to the group that a frame is for; they come in a little later. */
export function copiesFor(run: Run, devices: readonly Placed[], skb: Skb): void {
  for (const one of devices) {
    if (!hears(one, skb)) continue;
    const copy = cloneSkb(skb);
    copy.type = skb.dstMac === MAC_BROADCAST ? "broadcast" : "multicast";
    run.later(() => takeUp(run, one, copy));
  }
}

/** Whether a device has joined the link-layer group that a frame is for. */
function hears({ netns, device }: Placed, { dstMac, packet }: Skb): boolean {
  if (!device.up) return false;
  if (dstMac === MAC_BROADCAST) return true;
  if (packet.family === 4) return dstMac === ALL_HOSTS_MAC;
  return isMulticast(packet.dst) && dstMac === groupMac(packet.dst) && hasJoined6(netns, device, packet.dst);
}

/** A frame comes in on a device that stands on the one where it came in. */
export function takeUp(run: Run, { netns, device }: Placed, skb: Skb): void {
  const taken = skb.with({ netns: netns.name, device: device.name, in: device.name });
  run.arrive(taken, device.name);
  run.steps.push({ kind: "device", netns: netns.name, interface: device.name, direction: "in" });
  takeIn(run, netns, device, taken);
}

/** macvlan_queue_xmit: in bridge mode straight to others in that mode, by way of the lower device; else out through that. */
export function macvlanTransmit(run: Run, netns: Netns, device: Device, lower: Placed, skb: Skb): void {
  if (device.macvlan?.mode === "bridge" && skb.dstMac !== undefined) {
    const others = macvlansOn(lower.netns, lower.device).filter((one) => one.device !== device);
    if (isGroupMac(skb.dstMac)) toMany(run, others, forwarded(skb, netns, lower.netns), ["bridge"]);
    else if (others.some((one) => one.device.mac === skb.dstMac && one.device.macvlan?.mode === "bridge")) {
      const moved = forwarded(skb, netns, lower.netns);
      run.later(() => receive(run, lower.netns, lower.device, moved));
      return;
    }
  }
  transmit(run, lower.netns, lower.device, onLower(skb, netns, device, lower));
}
