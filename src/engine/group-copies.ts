import { isMulticast, MAC_BROADCAST } from "../model/address.ts";
import { hasJoined6 } from "./joined6.ts";
import { comeIn } from "./link.ts";
import { groupMac } from "./neighbour.ts";
import type { Run } from "./run.ts";
import { cloneSkb, type Skb } from "./skb.ts";
import type { Placed } from "./standing.ts";

/** The group of all hosts: 01:00:5e:00:00:01. */
const ALL_HOSTS_MAC = 0x01005e000001;

/**
 * A copy of a frame for many for each device that listens to it; they come in a little later (macvlan_process_broadcast,
 * ipvlan_process_multicast).
 */
export function copiesFor(run: Run, devices: readonly Placed[], skb: Skb): void {
  for (const one of devices) {
    if (!hears(one, skb)) continue;
    const copy = cloneSkb(skb);
    copy.type = skb.dstMac === MAC_BROADCAST ? "broadcast" : "multicast";
    run.later(() => comeIn(run, one, copy));
  }
}

/** Whether a device has joined the link-layer group that a frame is for. */
function hears({ netns, device }: Placed, { dstMac, packet }: Skb): boolean {
  if (!device.up) return false;
  if (dstMac === MAC_BROADCAST) return true;
  if (packet.family === 4) return dstMac === ALL_HOSTS_MAC;
  return isMulticast(packet.dst) && dstMac === groupMac(packet.dst) && hasJoined6(netns, device, packet.dst);
}
