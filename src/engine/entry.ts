import { familyOf, inPrefix, isGroupMac, MAC_BROADCAST } from "../model/address.ts";
import type { Assumption, Device } from "../model/host.ts";
import type { Frame, FrameType, Packet } from "../model/packet.ts";
import { callsIptables } from "./bridge.ts";
import { tupleOf } from "./connection.ts";
import { isSentByMacvlan, macvlanOf } from "./macvlan.ts";
import { groupMac } from "./neighbour.ts";
import { type Netns, UNKNOWN_DEVICE } from "./netns.ts";
import { longestSegment } from "./segments.ts";
import { Skb } from "./skb.ts";
import type { World } from "./world.ts";

/** Where and how a captured packet enters the replay. */
export interface Entry {
  readonly netns: Netns;
  /** Absent for a packet that a local socket sends. */
  readonly device: Device | undefined;
  /** Name of that, or of a device that the snapshot does not have. */
  readonly name: string | undefined;
  readonly direction: "in" | "out";
  /** Going out on a device: seen there, not sent from here. */
  readonly outgoing: boolean;
  readonly type: FrameType;
  readonly dstMac: number | undefined;
}

/** Where a frame was captured. */
export interface CapturedAt {
  readonly device: Device | undefined;
  readonly name: string | undefined;
  readonly outgoing: boolean;
  readonly fromSocket: boolean;
}

const SOCKET: CapturedAt = { device: undefined, name: undefined, outgoing: false, fromSocket: true };

const SENT_HERE: Assumption = {
  id: "direction",
  text: "packets from an address of this host go out (tcpdump's text does not show the direction)",
  flag: "tcpdump -e or -i any",
};

/** Packet type 4 with this interface: a local socket's packet as it enters OUTPUT. */
const NO_INTERFACE = 0;

/** Finds out where a frame was seen, from what the capture says, the flags, and the MAC addresses. */
export function entryOf(world: World, netns: Netns, frame: Frame, given: string | undefined): Entry {
  const { device, name, outgoing, fromSocket } = placeOf(netns, frame, given);
  if (fromSocket) return { netns, device, name, direction: "out", outgoing: false, type: "outgoing", dstMac: undefined };
  if (isSentHere(netns, device, frame)) world.assumptions.add(SENT_HERE);
  const dstMac = frame.dstMac ?? inferMac(world, netns, device, frame);
  const type = outgoing ? "outgoing" : (frame.type ?? typeOf(dstMac, device));
  return { netns, device, name, direction: outgoing ? "out" : "in", outgoing, type, dstMac };
}

/** On which device a frame was seen, and whether going out there; a packet of a local socket as it enters OUTPUT has neither. */
export function placeOf(netns: Netns, frame: Frame, given: string | undefined): CapturedAt {
  if (frame.type === "outgoing" && frame.interfaceIndex === NO_INTERFACE) return SOCKET;
  const device = deviceOf(netns, frame, given);
  const name = device?.name ?? frame.interfaceName ?? ownDevice(frame, given);
  const outgoing =
    frame.type === "outgoing" ||
    (frame.type === undefined && device?.mac !== undefined && frame.srcMac === device.mac) ||
    (device !== undefined && isSentByMacvlan(netns, device, frame)) ||
    isSentHere(netns, device, frame);
  return { device, name, outgoing, fromSocket: false };
}

/** A text without MAC addresses does not tell the direction of an Ethernet frame; the packet's source does where it is an address of this host. */
function isSentHere(netns: Netns, device: Device | undefined, { type, srcMac, linkType, packet }: Frame): boolean {
  if (type !== undefined || srcMac !== undefined || !packet || device?.kind === "loopback") return false;
  return (linkType === undefined || linkType === "EN10MB") && netns.deviceOf(packet.src) !== undefined;
}

/** The device that a capture which does not say was taken on. */
function ownDevice({ source }: Frame, given: string | undefined): string | undefined {
  return source ? source.interface : given;
}

function deviceOf(netns: Netns, frame: Frame, given: string | undefined): Device | undefined {
  // A text that tcpdump printed elsewhere has the right index, and a name of another machine.
  if (frame.interfaceIndex !== undefined && frame.linkType === "LINUX_SLL2") {
    const device = netns.byIndex.get(frame.interfaceIndex);
    if (device) return device;
  }
  const name = frame.interfaceName ?? ownDevice(frame, given);
  if (name !== undefined) return netns.devices.get(name);
  for (const device of netns.devices.values()) {
    if (device.mac !== undefined && device.mac !== 0 && (frame.dstMac === device.mac || frame.srcMac === device.mac)) return device;
  }
  const real = [...netns.devices.values()].filter((device) => device.kind !== "loopback");
  return real.length === 1 ? real[0] : undefined;
}

function typeOf(dstMac: number | undefined, device: Device | undefined): FrameType {
  if (dstMac === undefined) return "host";
  if (dstMac === MAC_BROADCAST) return "broadcast";
  if (isGroupMac(dstMac)) return "multicast";
  return device?.mac === undefined || device.mac === dstMac ? "host" : "otherhost";
}

/** LINUX_SLL2 does not say where a frame was addressed to; its packet type and the packet's destination tell. */
function inferMac(world: World, netns: Netns, device: Device | undefined, frame: Frame): number | undefined {
  const packet = frame.packet;
  if (!device || !packet || frame.linkType === "RAW") return device?.mac;
  switch (frame.type) {
    case "host":
      return device.mac;
    case "broadcast":
      return MAC_BROADCAST;
    case "multicast":
      return groupMac(packet.dst);
    case "otherhost":
      return macvlanOf(netns, device, packet) ?? behindBridge(world, netns, device, frame, packet);
    default:
      return undefined;
  }
}

/** A frame on a bridge's port that is not for the port's own address: for the bridge, or for whoever has the packet's destination. */
function behindBridge(world: World, netns: Netns, port: Device, frame: Frame, packet: Packet): number | undefined {
  const bridge = port.master === undefined ? undefined : netns.devices.get(port.master);
  if (bridge?.kind !== "bridge") return undefined;
  const own = netns.deviceOf(packet.dst);
  const neighbour = netns.neighbour(bridge.name, packet.dst)?.mac;
  const owner = own ? undefined : (neighbour ?? world.ownerOf(netns, bridge, packet.dst));
  const station =
    typeof owner === "number"
      ? owner
      : bridge.addresses.some((a) => familyOf(a.address) === packet.family && inPrefix(packet.dst, a))
        ? undefined
        : bridge.mac;
  const mac = own || (returnsThroughHost(netns, frame, packet) && !callsIptables(netns, bridge, packet.family)) ? bridge.mac : station;
  if (!own) {
    world.assumptions.add({
      id: "destination-mac",
      text: "frames that come in on a bridge's port carry the destination MAC address that ARP would give (a capture of all devices does not show it)",
      flag: "a capture of the port itself",
    });
  }
  return mac;
}

/** An answer in a connection that the host has translated: its sender knows it only by way of the host. */
function returnsThroughHost(netns: Netns, frame: Frame, packet: Packet): boolean {
  const tuple = tupleOf(packet);
  const found = tuple && netns.tracker(packet.family)?.peek(0, tuple, frame.time);
  return found?.direction === "reply" && (found.connection.srcNat || found.connection.dstNat);
}

/** The packet as it starts on its way. */
export function skbOf(entry: Entry, frame: Frame, packet: Packet, mark: number): Skb {
  const device = entry.name ?? UNKNOWN_DEVICE;
  const segment = entry.device && longestSegment(packet, entry.device, entry.direction);
  return new Skb({
    packet,
    segment,
    vlans: entry.device && entry.direction === "in" ? frame.vlans : undefined,
    mark,
    priority: 0,
    type: entry.direction === "out" ? "host" : entry.type,
    srcMac: frame.srcMac,
    dstMac: entry.dstMac,
    netns: entry.netns.name,
    device: entry.direction === "out" ? "" : device,
    in: entry.direction === "out" ? "" : device,
    ctState: "INVALID",
    ctDirection: "original",
    local: entry.direction === "out",
    looped: false,
  });
}
