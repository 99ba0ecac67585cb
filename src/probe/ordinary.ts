import type { Family } from "../model/address.ts";
import { PROTOCOL, TCP_FLAG } from "../model/packet.ts";

/** What packets have that a person would take for ordinary, the most ordinary first. */
export const ORDINARY = {
  4: {
    src: ["198.51.100.7", "10.0.0.7"],
    dst: ["192.0.2.10", "203.0.113.10"],
    protocol: [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp],
    /** An echo request: type * 256 + code. */
    icmp: [8 * 256],
  },
  6: {
    src: ["2001:db8:1::7", "fd00:1::7"],
    dst: ["2001:db8:2::10", "2001:db8:3::10", "fd00:2::10"],
    protocol: [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmpv6],
    icmp: [128 * 256],
  },
} as const satisfies Record<Family, unknown>;

/** The same of either family. */
export const ORDINARY_OF_ANY = {
  sport: [40_000],
  dport: [80, 443, 22, 53],
  flags: [TCP_FLAG.SYN, TCP_FLAG.ACK, TCP_FLAG.SYN | TCP_FLAG.ACK, TCP_FLAG.RST, TCP_FLAG.FIN | TCP_FLAG.ACK],
  in: ["eth0", "lan", "wan"],
  out: ["eth1", "wan", "lan"],
} as const;
