import type { BridgeVlan, Device } from "../model/host.ts";
import type { Netns } from "./netns.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/** What is known of bridges: whether all that is on them is in one VLAN. */
const simple = new WeakMap<Device, boolean>();

/**
 * Throws where VLAN filtering may keep a frame from the bridge or one of its ports (br_allowed_ingress, br_allowed_egress), which is not modelled:
 * unless all of them are in one and the same VLAN, as a bridge has them at first, and the frame has no tag.
 */
export function checkVlans(netns: Netns, bridge: Device, { vlans }: Skb): void {
  if (!bridge.bridge?.vlanFiltering) return;
  const known = netns.namespace.bridgeVlans;
  if (known === undefined) throw new Undecided(`whether VLAN filtering of ${bridge.name} lets it through (bridge-vlan.json)`);
  const isSimple = simple.get(bridge) ?? areInOne([bridge, ...(netns.ports.get(bridge.name) ?? [])], known);
  simple.set(bridge, isSimple);
  if (isSimple && (!vlans || vlans.every(({ id }) => id === 0))) return;
  throw new Undecided(`whether VLAN filtering of ${bridge.name} lets it through, which is not modelled`);
}

/** Whether devices have one VLAN each, the same, which frames without a tag are in and leave without one. */
function areInOne(devices: readonly Device[], vlans: readonly BridgeVlan[]): boolean {
  const own = devices.map(({ name }) => vlans.filter(({ device }) => device === name));
  const first = own[0]?.[0]?.first;
  return own.every(([one, ...others]) => others.length === 0 && one?.pvid && one.untagged && one.first === first && one.last === first);
}
