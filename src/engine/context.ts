import type { Connections, PacketContext } from "../extensions/spec.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import { type FlowTuple, fromModelTuple, toModelTuple, tupleOf } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { headersError } from "./icmp6-tracking.ts";
import type { Netns } from "./netns.ts";
import { reversePath, takenForLocal } from "./route-input.ts";
import { reversePath6 } from "./route6.ts";
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
  const conntrack = netns.tracker(skb.packet.family);
  return {
    get packet(): Packet {
      return skb.packet;
    },
    family: skb.packet.family,
    netns: netns.name,
    hook,
    table,
    backend: netns.stack(skb.packet.family).backend,
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
    local: skb.local,
    ...(skb.srcMac === undefined ? {} : { srcMac: skb.srcMac }),
    ...(skb.dstMac === undefined ? {} : { dstMac: skb.dstMac }),
    get ctState() {
      return skb.ctState;
    },
    get connection() {
      return conntrack?.view(skb, run.time);
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
    ...(conntrack ? { connections: connectionsOf(conntrack, skb, run.time) } : {}),
    uses: (name) => netns.stack(skb.packet.family).matchUses(name),
    deviceGroup: (device) => netns.devices.get(device)?.group,
    assume: (key) => run.world.assume(key),
    reversePath: (options) => (skb.packet.family === 4 ? reversePath : reversePath6)(run, netns, skb, devices.in, options),
  } as PacketContext & { ruleKey: string; in: string; out: string };
}

function connectionsOf(conntrack: Conntrack, skb: Skb, now: bigint): Connections {
  return {
    standing: (zone, original) => conntrack.standing(zone, fromModelTuple(original), now),
    older: () => conntrack.older(),
    tuple: () => {
      const tuple = headersError(skb.packet) ? undefined : (tupleOf(skb.packet) ?? portsOnly(skb.packet));
      return tuple && toModelTuple(tuple);
    },
  };
}

const WITH_PORTS: readonly number[] = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.sctp];

/** nf_ct_get_tuple asks for no more than the ports, of whatever header they stand in. */
function portsOnly({ src, dst, protocol, payload, fragment }: Packet): FlowTuple | undefined {
  const [a, b, c, d] = payload;
  if (!WITH_PORTS.includes(protocol) || (fragment?.offset ?? 0) > 0) return undefined;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return { src, dst, protocol, sport: a * 256 + b, dport: c * 256 + d };
}
