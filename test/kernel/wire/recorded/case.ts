import type { Packet } from "../../../../src/model/packet.ts";

/** What a packet is at an appearance, as differences to the packet sent. */
export interface Said {
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: number;
  readonly dport?: number;
  /** ICMP identifier. */
  readonly id?: number;
  readonly ttl?: number;
  readonly tos?: number;
  readonly flags?: number;
  readonly mss?: number;
  readonly seq?: number;
  readonly ack?: number;
  /** How far selective acknowledgments are shifted. */
  readonly sack?: number;
  /** What a helper has made of a segment's data. */
  readonly data?: string;
  readonly quoted?: Said;
}

/** Packets for the router of record.py, and what each is when it comes out; a list of packets is a datagram in fragments. */
export interface Case {
  readonly name: string;
  /** "-4 table rule" or "-6 table rule". */
  readonly rules: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Of eth1; 1500 when absent. */
  readonly mtu?: number;
  readonly packets: readonly (readonly [device: string, packet: Uint8Array | readonly Uint8Array[]])[];
  /** In the order of `packets`; undefined where nothing comes out that was sent. */
  readonly said: readonly (Said | undefined)[];
  /** What the router itself sends because of each packet. */
  readonly made?: readonly Packet[];
}

/** The packets of a case as they were sent, fragments one by one; `datagram` counts the case's own packets. */
export function sent(test: Case): { readonly device: string; readonly octets: Uint8Array; readonly datagram: number }[] {
  return test.packets.flatMap(([device, packet], datagram) =>
    (packet instanceof Uint8Array ? [packet] : packet).map((octets) => ({ device, octets, datagram })),
  );
}
