import type { Device } from "../model/host.ts";
import type { VlanTag } from "../model/packet.ts";
import type { Netns } from "./netns.ts";
import type { Placed } from "./standing.ts";

const PROTOCOLS: Readonly<Record<string, number>> = { "802.1q": 0x8100, "802.1ad": 0x88a8 };

/** The tag that a VLAN's device stands for; undefined for any other device. */
export function tagOf({ vlan }: Device): VlanTag | undefined {
  return vlan && { id: vlan.id, priority: 0, protocol: PROTOCOLS[vlan.protocol.toLowerCase()] ?? 0 };
}

/** vlan_find_dev: the device on another one that frames with a tag are for, in whichever namespace it is. */
export function vlanDevice(netns: Netns, lower: Device, { id, protocol }: VlanTag): Placed | undefined {
  return netns.standing.get(lower)?.find(({ device }) => {
    const tag = tagOf(device);
    return tag?.id === id && tag.protocol === protocol;
  });
}
