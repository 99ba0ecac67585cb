import type { Frame } from "../../../src/model/packet.ts";
import { decodeEthernet } from "../../../src/wire/ethernet.ts";
import type { FrameDraft } from "../../../src/wire/frame-draft.ts";
import { decodeRawIp } from "../../../src/wire/raw-ip.ts";

/** Something that was sent into a machine: a frame to one of its devices, or (without `device`) a packet of a local socket. */
export interface Sent {
  readonly netns: string;
  readonly device?: string;
  /** The Ethernet frame, or the IP packet of a local socket. */
  readonly octets: Uint8Array;
  readonly time: bigint;
}

/** Octets before the IP packet in an untagged frame. */
export const ETHERNET_HEADER = 14;
const VLAN_TAG = 4;
const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8]);

/** The frame as a capture of that device would have it. */
export function frameOf(sent: Sent, number: number): Frame {
  const { octets, device, time } = sent;
  const base: FrameDraft = {
    number,
    time,
    captured: octets.length,
    length: octets.length,
    linkType: device === undefined ? "RAW" : "EN10MB",
  };
  if (device === undefined) {
    base.type = "outgoing";
    base.interfaceIndex = 0;
    decodeRawIp(base, octets, 0, octets.length, octets.length);
  } else {
    base.interfaceName = device;
    decodeEthernet(base, octets, 0, octets.length, octets.length);
  }
  return base;
}

/** Octets of an Ethernet header with its VLAN tags. */
export function headerLength(octets: Uint8Array): number {
  let length = ETHERNET_HEADER;
  while (VLAN_TYPES.has(((octets[length - 2] ?? 0) << 8) | (octets[length - 1] ?? 0))) length += VLAN_TAG;
  return length;
}

/** The octets of the IP packet in it. */
export function packetOctets(sent: Pick<Sent, "device" | "octets">): Uint8Array {
  return sent.device === undefined ? sent.octets : sent.octets.subarray(headerLength(sent.octets));
}
