import { type Address, isGroupMac } from "../model/address.ts";
import type { Device } from "../model/host.ts";
import { copiesFor } from "./group-copies.ts";
import { comeIn, forwarded, onLower, receive, transmit } from "./link.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { type Placed, standingOn } from "./standing.ts";
import { Undecided } from "./undecided.ts";

/** ipvlan_addr_lookup: they have the MAC address of the device that they stand on, and IP addresses of their own. */
function holderOf(ipvlans: readonly Placed[], address: Address): Placed | undefined {
  return ipvlans.find(({ netns, device }) => netns.hasAddress(address, device.name));
}

/** Whether what leaves by a device comes from an ipvlan in mode l2, which the host's own IP does not see. */
export function isOfIpvlan(netns: Netns, lower: Device, source: Address): boolean {
  return holderOf(standingOn(netns, lower, "ipvlan"), source)?.device.ipvlan?.mode === "l2";
}

/** ipvlan_handle_frame: a frame comes in on a device with ipvlans. Says whether one of them has taken it, so that the device itself does not. */
export function toIpvlan(run: Run, netns: Netns, lower: Device, skb: Skb): boolean {
  const all = standingOn(netns, lower, "ipvlan");
  const mode = all[0]?.device.ipvlan?.mode;
  if (mode === undefined) return false;
  const { dstMac, srcMac, packet } = skb;
  if (mode === "l2" && dstMac !== undefined && isGroupMac(dstMac)) {
    // ipvlan_external_frame: what one of them has sent they have had.
    if (srcMac !== lower.mac || !holderOf(all, packet.src)) copiesFor(run, all, skb);
    return false;
  }
  const child = holderOf(all, packet.dst);
  if (!child) return false;
  if (mode === "l3s")
    throw new Undecided(`what becomes of a packet for the ipvlan ${child.device.name} in mode l3s, which is not modelled`);
  comeIn(run, child, skb);
  return true;
}

/** ipvlan_queue_xmit: to another one that has the address; else out by the device below, or where the host that it is of routes it. */
export function ipvlanTransmit(run: Run, netns: Netns, device: Device, lower: Placed, skb: Skb): void {
  const { mode, flag } = device.ipvlan ?? {};
  const all = standingOn(lower.netns, lower.device, "ipvlan");
  const isOwn = skb.dstMac !== undefined && skb.dstMac === device.mac;
  const to = flag !== "vepa" && (isOwn || mode !== "l2") ? holderOf(all, skb.packet.dst) : undefined;
  if (to && flag === "private") return run.drop(skb, "not-for-us", `${device.name} is a private ipvlan, which reaches no other one`);
  if (to) {
    const moved = Object.assign(forwarded(skb, netns, to.netns), { type: "host" } as const);
    run.later(() => comeIn(run, to, moved));
    return;
  }
  if (mode !== "l2")
    throw new Undecided(`how ${lower.netns.name} sends on what the ipvlan ${device.name} sends in mode ${mode}, which is not modelled`);
  if (isOwn && flag !== "vepa") {
    const moved = forwarded(skb, netns, lower.netns);
    run.later(() => receive(run, lower.netns, lower.device, moved));
    return;
  }
  if (skb.dstMac !== undefined && isGroupMac(skb.dstMac)) {
    copiesFor(
      run,
      all.filter((one) => one.device !== device),
      forwarded(skb, netns, lower.netns),
    );
  }
  transmit(run, lower.netns, lower.device, onLower(skb, netns, device, lower));
}
