import type { Device } from "../model/host.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";

/** What a device takes beyond its MTU (__is_skb_forwardable). */
const VLAN_HEADER = 4;

/** Protocols whose segments the kernel handles several at a time (net/ipv4/tcp_offload.c, udp_offload.c). */
const JOINED: readonly number[] = [PROTOCOL.tcp, PROTOCOL.udp];

/** Whether a packet too long for a device can have been there nevertheless: as several segments in one (skb_is_gso). */
function canBeJoined({ protocol, fragment }: Packet): boolean {
  return JOINED.includes(protocol) && !fragment;
}

/** The longest that a segment of a packet seen on a device can be, where that packet must be several in one (GSO, GRO). */
export function longestSegment(packet: Packet, device: Device, direction: "in" | "out"): number | undefined {
  const most = direction === "in" ? device.mtu + VLAN_HEADER : device.mtu;
  return packet.length > most && canBeJoined(packet) ? device.mtu : undefined;
}

/** Whether a packet fits the MTU of the device that it is to leave by; of several in one each has to (skb_gso_validate_network_len). */
export function fits(run: Run, { packet, segment, netns }: Skb, device: string, mtu: number): boolean {
  if (packet.length <= mtu) return true;
  if (segment === undefined) return false;
  if (segment <= mtu) return true;
  return run.world.choices.ask(
    `${netns}|segments|${device}|${mtu}`,
    (value) => `the segments that it is made of ${value ? "fit" : "do not fit"} the MTU of ${device} (${mtu})`,
  );
}

/** Whether a device's port takes a packet (__is_skb_forwardable), which for several segments in one it always does. */
export function isTaken({ packet, segment }: Skb, device: Device): boolean {
  return segment !== undefined || packet.length <= device.mtu + VLAN_HEADER;
}
