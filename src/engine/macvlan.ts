import { isGroupMac } from "../model/address.ts";
import type { Device } from "../model/host.ts";
import type { Frame, Packet } from "../model/packet.ts";
import { copiesFor } from "./group-copies.ts";
import { comeIn, forwarded, onLower, receive, transmit } from "./link.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { type Placed, standingOn } from "./standing.ts";

/** A macvlan whose frames a program reads and writes. */
export const TAP = "macvtap";

type Mode = NonNullable<Device["macvlan"]>["mode"];

const EVERY_MODE: readonly Mode[] = ["private", "vepa", "bridge", "passthru"];

/** Whether frames with this source that leave by a device come from a macvlan on it, or a program, and have not been through the host's own IP. */
export function isOfMacvlan(netns: Netns, lower: Device, mac: number | undefined): boolean {
  return lower.kind === TAP || (mac !== undefined && standingOn(netns, lower, "macvlan").some(({ device }) => device.mac === mac));
}

/** Whether a frame without a direction goes out on a device, since it comes from a macvlan there; what is for another one in bridge mode comes back in. */
export function isSentByMacvlan(netns: Netns, lower: Device, { type, srcMac, dstMac }: Frame): boolean {
  if (type !== undefined || !netns.standing.has(lower)) return false;
  const all = standingOn(netns, lower, "macvlan");
  const sender = all.find(({ device }) => device.mac === srcMac)?.device.macvlan;
  const isBridged = sender?.mode === "bridge" && all.some(({ device }) => device.mac === dstMac && device.macvlan?.mode === "bridge");
  return sender !== undefined && !isBridged;
}

/** The MAC address of the macvlan on a device whose namespace has the destination of a packet; a capture of all devices does not show it. */
export function macvlanOf(netns: Netns, lower: Device, { dst }: Packet): number | undefined {
  return standingOn(netns, lower, "macvlan").find((one) => one.netns.hasAddress(dst, one.device.name))?.device.mac;
}

/** macvlan_handle_frame: a frame comes in on a device with macvlans. Says whether one of them has taken it, so that the device itself does not. */
export function toMacvlan(run: Run, netns: Netns, lower: Device, skb: Skb): boolean {
  const children = standingOn(netns, lower, "macvlan");
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
  if (child.device.up) comeIn(run, child, skb.with({ type: "host" }));
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

/** macvlan_queue_xmit: in bridge mode straight to others in that mode, by way of the lower device; else out through that. */
export function macvlanTransmit(run: Run, netns: Netns, device: Device, lower: Placed, skb: Skb): void {
  if (device.macvlan?.mode === "bridge" && skb.dstMac !== undefined) {
    const others = standingOn(lower.netns, lower.device, "macvlan").filter((one) => one.device !== device);
    if (isGroupMac(skb.dstMac)) toMany(run, others, forwarded(skb, netns, lower.netns), ["bridge"]);
    else if (others.some((one) => one.device.mac === skb.dstMac && one.device.macvlan?.mode === "bridge")) {
      const moved = forwarded(skb, netns, lower.netns);
      run.later(() => receive(run, lower.netns, lower.device, moved));
      return;
    }
  }
  transmit(run, lower.netns, lower.device, onLower(skb, netns, device, lower));
}
