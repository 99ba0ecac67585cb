import type { Device } from "../model/host.ts";
import type { VlanTag } from "../model/packet.ts";
import type { Netns } from "./netns.ts";

const PROTOCOLS: Readonly<Record<string, number>> = { "802.1q": 0x8100, "802.1ad": 0x88a8 };

/** The tag that a VLAN's device stands for; undefined for any other device. */
export function tagOf({ vlan }: Device): VlanTag | undefined {
  return vlan && { id: vlan.id, priority: 0, protocol: PROTOCOLS[vlan.protocol.toLowerCase()] ?? 0 };
}

/** The device that a VLAN's device is on, where that is in the same namespace. */
export function lowerOf(netns: Netns, { linkName, linkIndex, linkNetns, linkNetnsId }: Device): Device | undefined {
  if (linkNetns !== undefined || linkNetnsId !== undefined) return undefined;
  return linkIndex === undefined ? netns.devices.get(linkName ?? "") : netns.byIndex.get(linkIndex);
}

/** vlan_find_dev: the device on another one that frames with a tag are for. */
export function vlanDevice(netns: Netns, device: Device, { id, protocol }: VlanTag): Device | undefined {
  return [...netns.devices.values()].find((one) => {
    const tag = tagOf(one);
    return tag?.id === id && tag.protocol === protocol && lowerOf(netns, one) === device;
  });
}
