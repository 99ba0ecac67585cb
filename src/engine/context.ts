import type { Connections, PacketContext } from "../extensions/spec.ts";
import type { Address, Mac } from "../model/address.ts";
import type { Packet } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import { fromModelTuple, portsOnly, toModelTuple, tupleOf } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { headersError } from "./icmp6-tracking.ts";
import type { Netns } from "./netns.ts";
import { reversePath, takenForLocal } from "./route-input.ts";
import { reversePath6 } from "./route6.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { largestSegment } from "./tcp-mss.ts";

/** What matches and targets see: the packet as it is now. */
export class HookContext implements PacketContext {
  readonly #run: Run;
  readonly #netns: Netns;
  readonly #skb: Skb;
  readonly #devices: { in: string; out: string };
  readonly #conntrack: Conntrack | undefined;
  readonly family: PacketContext["family"];
  readonly netns: string;
  readonly hook: Hook;
  readonly table: TableName;
  readonly backend: "legacy" | "nft";
  ruleKey = "";
  /** What matches say of their answers, as long as the rule at hand is asked. */
  readonly remarks: (() => string)[] = [];

  constructor(run: Run, netns: Netns, hook: Hook, table: TableName, skb: Skb, devices: { in: string; out: string }) {
    const { packet } = skb;
    this.#run = run;
    this.#netns = netns;
    this.#skb = skb;
    this.#devices = devices;
    this.#conntrack = netns.tracker(packet.family);
    this.family = packet.family;
    this.netns = netns.name;
    this.hook = hook;
    this.table = table;
    this.backend = netns.stack(packet.family).backend;
  }

  get physIn(): string | undefined {
    return this.#skb.bridge?.physIn;
  }

  get physOut(): string | undefined {
    return this.#skb.bridge?.physOut || undefined;
  }

  get bridged(): boolean {
    return this.#skb.bridge?.physOut !== undefined;
  }

  get time(): bigint {
    return this.#run.time;
  }

  get since(): bigint {
    return this.#run.world.began;
  }

  get frameType(): PacketContext["frameType"] {
    const { type } = this.#skb;
    // pkttype_mt takes PACKET_LOOPBACK of IPv6 for multicast.
    return this.loopedBack && this.family === 6 && type === "host" ? "multicast" : type;
  }

  get loopedBack(): boolean {
    const { looped, in: device } = this.#skb;
    return looped && this.#netns.devices.get(device)?.kind !== "loopback";
  }

  takeAsOwn(): void {
    this.#skb.type = "host";
  }

  get local(): boolean {
    return this.#skb.local;
  }

  get srcMac(): Mac | undefined {
    return this.#skb.srcMac;
  }

  get dstMac(): Mac | undefined {
    return this.#skb.dstMac;
  }

  get realm(): number {
    return this.#skb.destination?.route?.realm ?? 0;
  }

  get sets(): PacketContext["sets"] {
    return this.#netns.sets;
  }

  remark(words: () => string): void {
    this.remarks.push(words);
  }

  get packet(): Packet {
    return this.#skb.packet;
  }

  get in(): string {
    return this.#devices.in;
  }

  get out(): string {
    return this.#devices.out;
  }

  get mark(): number {
    return this.#skb.mark;
  }

  get priority(): number {
    return this.#skb.priority;
  }

  get ctState(): PacketContext["ctState"] {
    return this.#skb.ctState;
  }

  get connection(): NonNullable<PacketContext["connection"]> {
    // Absent as it may be: a class cannot say so of an accessor.
    return this.#conntrack?.view(this.#skb, this.time) as NonNullable<PacketContext["connection"]>;
  }

  get connections(): Connections {
    return (this.#conntrack && connectionsOf(this.#conntrack, this.#skb, this.time)) as Connections;
  }

  get cells(): PacketContext["cells"] {
    return this.#run.world.state;
  }

  addressType(address: Address, device?: string): ReturnType<PacketContext["addressType"]> {
    const type = this.#netns.addressType(address, device);
    if (typeof type === "string" || device !== undefined) return type;
    const { packet, local } = this.#skb;
    if (address === packet.src && !local) return "UNICAST";
    return takenForLocal(this.#run, this.#netns, address) ? "LOCAL" : "UNICAST";
  }

  pathMtu(): number | undefined {
    return largestSegment(this.#run, this.#netns, this.#skb);
  }

  uses(name: string): ReturnType<NonNullable<PacketContext["uses"]>> {
    return this.#netns.stack(this.family).matchUses(name);
  }

  deviceGroup(device: string): number | undefined {
    return this.#netns.devices.get(device)?.group;
  }

  assume(key: string): string | undefined {
    return this.#run.world.assume(key);
  }

  reversePath(options: Parameters<PacketContext["reversePath"]>[0]): ReturnType<PacketContext["reversePath"]> {
    return (this.family === 4 ? reversePath : reversePath6)(this.#run, this.#netns, this.#skb, this.#devices.in, options);
  }
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
