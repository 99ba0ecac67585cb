import type { Device } from "../model/host.ts";
import type { Netns } from "./netns.ts";

/** A device, and the namespace that it is in. */
export interface Placed {
  readonly netns: Netns;
  readonly device: Device;
}

const NONE: readonly never[] = [];
/** What no macvlan or ipvlan stands on: the kernel puts one that should on what is below (macvlan_common_newlink). */
const NEVER_BELOW: ReadonlySet<string> = new Set(["loopback", "macvlan", "macvtap", "ipvlan"]);

/** The device that a VLAN's device, a macvlan or an ipvlan stands on, where that is known: in its namespace or another one. */
export function lowerOf(netns: Netns, device: Device, all: ReadonlyMap<string, Netns>): Placed | undefined {
  if (!device.macvlan && !device.ipvlan && !device.vlan) return undefined;
  const { linkNetns, linkNetnsId, linkIndex, linkName = "" } = device;
  const name = linkNetns ?? (linkNetnsId === undefined ? netns.name : netns.namespace.netnsIds?.get(linkNetnsId));
  const where = [...all.values()].filter((one) => (name === undefined ? one !== netns : one.name === name));
  const found = where.flatMap((one): Placed[] => {
    const lower = linkIndex === undefined ? one.devices.get(linkName) : one.byIndex.get(linkIndex);
    if (!lower || lower === device) return [];
    return NEVER_BELOW.has(lower.kind) && !(device.vlan && name !== undefined) ? [] : [{ netns: one, device: lower }];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** What of a kind stands on a device, in all namespaces. */
export function standingOn({ standing }: Netns, lower: Device, kind: "macvlan" | "ipvlan"): readonly Placed[] {
  return standing.get(lower)?.filter(({ device }) => device[kind]) ?? NONE;
}

/** Takes note of what stands on which device, in the namespaces of those below. */
export function noteStanding(all: ReadonlyMap<string, Netns>): void {
  for (const netns of all.values()) {
    for (const device of netns.devices.values()) {
      const lower = lowerOf(netns, device, all);
      if (!lower) continue;
      const others = lower.netns.standing.get(lower.device) ?? [];
      lower.netns.standing.set(lower.device, [...others, { netns, device }]);
    }
  }
}
