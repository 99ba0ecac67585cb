import { TCP_FLAG } from "../../../../src/model/packet.ts";
import * as build from "../build.ts";
import type { Case, Said } from "./case.ts";

/** The client, behind eth0. */
export const CLIENT = "10.1.0.2";

/** What the client asks for, behind eth1. */
export const SERVICE = "10.2.0.9";

/** What that is translated to. */
export const SERVER = "10.2.0.2";

/** What the client is translated to. */
export const OUTSIDE = "10.2.0.7";

/** Source and destination as the client sends them. */
export const ENDS = [CLIENT, SERVICE] as const;

/** Both addresses translated. */
export const NAT = [
  `-4 nat -A PREROUTING -d ${SERVICE} -j DNAT --to-destination ${SERVER}`,
  `-4 nat -A POSTROUTING -o eth1 -j SNAT --to-source ${OUTSIDE}`,
];

/** Addresses and ports translated. */
export const portNat = (protocol: string) => [
  `-4 nat -A PREROUTING -p ${protocol} -d ${SERVICE} -j DNAT --to-destination ${SERVER}:8080`,
  `-4 nat -A POSTROUTING -p ${protocol} -o eth1 -j SNAT --to-source ${OUTSIDE}:5000`,
];

/** Connection tracking that does not look at checksums. */
export const TRUSTING = { "net.netfilter.nf_conntrack_checksum": "0" };

/** What NAT makes of a packet. */
export const TRANSLATED: Said = { src: OUTSIDE, dst: SERVER, ttl: 63 };

/** What portNat makes of a packet. */
export const PORTS: Said = { ...TRANSLATED, sport: 5000, dport: 8080 };

/** Some data, of an odd length. */
export const DATA = new Uint8Array(37).map((_, i) => 7 * i + 1);

/** A maximum segment size as a TCP option. */
export const MSS = (value: number) => ({ kind: 2, data: Uint8Array.of(value >> 8, value & 255) });

/** A TCP option that does nothing. */
export const NOP = { kind: 1, data: new Uint8Array(0) };

/** A SYN. */
export const SYN = { sport: 40000, dport: 80, seq: 0x11223344, flags: TCP_FLAG.SYN, options: [MSS(1460), NOP, NOP] };

/** A packet from the client. */
export const ipv4 = (protocol: number, payload: Uint8Array, more: Partial<build.Ipv4Fields> = {}) =>
  build.ipv4({ src: CLIENT, dst: SERVICE, id: 0x4242, protocol, payload, ...more });

/** Packets that come in by eth0. */
export const arriving = (...packets: readonly Uint8Array[]): Case["packets"] => packets.map((packet) => ["eth0", packet] as const);

/** The SYN as a packet. */
export const syn = ipv4(6, build.tcp(SYN, ...ENDS));

/** A datagram's fields. */
export const udp = { sport: 40000, dport: 53, payload: DATA };

/** What forwarding alone makes of a packet. */
export const FORWARDED: Said = { ttl: 63 };
