import type { Device } from "../model/host.ts";
import type { Frame, FrameType, Packet, VlanTag } from "../model/packet.ts";
import { tupleHash } from "./connection.ts";
import type { Entry } from "./entry.ts";
import type { Netns } from "./netns.ts";

/** What packets have in common that go the same way. */
export interface Likeness {
  readonly netns: Netns;
  readonly device: Device;
  readonly direction: Entry["direction"];
  readonly outgoing: boolean;
  readonly type: FrameType;
  readonly dstMac: number | undefined;
  readonly srcMac: number | undefined;
  readonly vlans: readonly VlanTag[] | undefined;
  /** The trace of one of them. */
  readonly trace: { readonly packet: Packet };
}

/** A number by which packets of one direction of a connection are found again; undefined for those of which nothing is remembered. */
export function hashOf({ src, dst, protocol, transport }: Packet): number | undefined {
  if (transport?.kind !== "tcp" && transport?.kind !== "udp") return undefined;
  return tupleHash({ src, dst, protocol, sport: transport.sport, dport: transport.dport });
}

/** Whether a packet has nothing about it that may lead it another way. */
export function isOrdinary(packet: Packet): boolean {
  if (packet.fragment || packet.defect || packet.ipOptions || packet.extensionHeaders) return false;
  return packet.headerChecksum !== "bad" && packet.checksum !== "bad" && packet.checksum !== "partial";
}

/** Whether a packet came to the same place from the same place as one that is remembered, in the same direction of the same connection. */
export function isAlike(memory: Likeness, entry: Entry, frame: Frame, packet: Packet): boolean {
  const { packet: other } = memory.trace;
  const [one, two] = [packet.transport, other.transport];
  if (!one || !two || !("sport" in one) || !("sport" in two)) return false;
  return (
    packet.src === other.src &&
    packet.dst === other.dst &&
    one.sport === two.sport &&
    one.dport === two.dport &&
    packet.protocol === other.protocol &&
    packet.tos === other.tos &&
    packet.flowLabel === other.flowLabel &&
    packet.checksum === other.checksum &&
    packet.dontFragment === other.dontFragment &&
    entry.device === memory.device &&
    entry.netns === memory.netns &&
    entry.direction === memory.direction &&
    entry.outgoing === memory.outgoing &&
    entry.type === memory.type &&
    entry.dstMac === memory.dstMac &&
    frame.srcMac === memory.srcMac &&
    hasTags(frame, memory.vlans)
  );
}

function hasTags({ vlans }: Frame, tags: readonly VlanTag[] | undefined): boolean {
  if (!vlans || !tags) return vlans === tags;
  return (
    vlans.length === tags.length &&
    vlans.every(({ id, priority, protocol }, i) => id === tags[i]?.id && priority === tags[i]?.priority && protocol === tags[i]?.protocol)
  );
}
