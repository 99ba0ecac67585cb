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

/** The octets of the IP packet in it. */
export function packetOctets(sent: Pick<Sent, "device" | "octets">): Uint8Array {
  return sent.device === undefined ? sent.octets : sent.octets.subarray(ETHERNET_HEADER);
}
