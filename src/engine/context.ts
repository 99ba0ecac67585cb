import type { PacketContext } from "../extensions/spec.ts";
import type { Packet } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import type { Netns } from "./netns.ts";
import { reversePath, takenForLocal } from "./route-input.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { largestSegment } from "./tcp-mss.ts";

/** What matches and targets see: the packet as it is now. */
export function contextOf(
  run: Run,
  netns: Netns,
  hook: Hook,
  table: TableName,
  skb: Skb,
  devices: { in: string; out: string },
): PacketContext & { ruleKey: string; in: string; out: string } {
  return {
    get packet(): Packet {
      return skb.packet;
    },
    family: skb.packet.family,
    netns: netns.name,
    hook,
    table,
    backend: netns.backend,
    get in() {
      return devices.in;
    },
    get out() {
      return devices.out;
    },
    ...(skb.bridge ? { physIn: skb.bridge.physIn, ...(skb.bridge.physOut ? { physOut: skb.bridge.physOut } : {}) } : {}),
    bridged: skb.bridge?.physOut !== undefined,
    get mark() {
      return skb.mark;
    },
    get priority() {
      return skb.priority;
    },
    time: run.time,
    since: run.world.began,
    frameType: skb.type,
    ...(skb.srcMac === undefined ? {} : { srcMac: skb.srcMac }),
    get ctState() {
      return skb.ctState;
    },
    get connection() {
      return netns.conntrack?.view(skb, run.time);
    },
    ruleKey: "",
    cells: run.world.state,
    realm: skb.destination?.route?.realm ?? 0,
    ...(netns.sets ? { sets: netns.sets } : {}),
    addressType: (address, device) => {
      const type = netns.addressType(address, device);
      if (typeof type === "string" || device !== undefined) return type;
      if (address === skb.packet.src && !skb.local) return "UNICAST";
      return takenForLocal(run, netns, address) ? "LOCAL" : "UNICAST";
    },
    pathMtu: () => largestSegment(run, netns, skb),
    reversePath: (options) => reversePath(run, netns, skb, devices.in, options),
  } as PacketContext & { ruleKey: string; in: string; out: string };
}
