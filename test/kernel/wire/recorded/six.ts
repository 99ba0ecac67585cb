import * as build from "../build.ts";
import type { Case, Said } from "./case.ts";
import { arriving, DATA, FORWARDED, SYN, TRUSTING, udp } from "./router.ts";

const CLIENT6 = "fd01::2";

const SERVICE6 = "fd02::9";

const SERVER6 = "fd02::2";

const OUTSIDE6 = "fd02::7";

const ENDS6 = [CLIENT6, SERVICE6] as const;

const NAT6 = [
  `-6 nat -A PREROUTING -d ${SERVICE6} -j DNAT --to-destination ${SERVER6}`,
  `-6 nat -A POSTROUTING -o eth1 -j SNAT --to-source ${OUTSIDE6}`,
];

const portNat6 = (protocol: string) => [
  `-6 nat -A PREROUTING -p ${protocol} -d ${SERVICE6} -j DNAT --to-destination [${SERVER6}]:8080`,
  `-6 nat -A POSTROUTING -p ${protocol} -o eth1 -j SNAT --to-source [${OUTSIDE6}]:5000`,
];

const TRANSLATED6: Said = { src: OUTSIDE6, dst: SERVER6, ttl: 63 };

const PORTS6: Said = { ...TRANSLATED6, sport: 5000, dport: 8080 };

const ipv6 = (protocol: number, payload: Uint8Array, more: Partial<build.Ipv6Fields> = {}) =>
  build.ipv6({ src: CLIENT6, dst: SERVICE6, protocol, payload, trafficClass: 0x12, flowLabel: 0x34567, ...more });

const errorAbout6 = (protocol: number, transport: Uint8Array) => {
  const quoted = build.ipv6({ src: OUTSIDE6, dst: SERVER6, hopLimit: 62, protocol, payload: transport });
  return build.ipv6({ src: SERVER6, dst: OUTSIDE6, protocol: 58, payload: build.icmp6({ type: 1, code: 3, quoted }, SERVER6, OUTSIDE6) });
};
const ABOUT6: Said = { src: SERVICE6, dst: CLIENT6, ttl: 63, quoted: { src: CLIENT6, dst: SERVICE6, sport: 40000, dport: 80 } };
const outgoing = { ...SYN, sport: 5000, dport: 8080 };
const OUTGOING6 = [OUTSIDE6, SERVER6] as const;
const chunks = [1];

/** IPv6. */
export const IPV6_CASES: readonly Case[] = [
  {
    name: "IPv6",
    rules: [...portNat6("tcp"), ...portNat6("udp"), ...NAT6],
    packets: arriving(
      ipv6(6, build.tcp(SYN, ...ENDS6)),
      ipv6(17, build.udp(udp, ...ENDS6)),
      ipv6(58, build.icmp6({ type: 128, id: 77, sequence: 1, payload: DATA }, ...ENDS6)),
      ipv6(132, build.sctp({ sport: 40000, dport: 80, chunks })),
      ipv6(136, build.udplite(udp, ...ENDS6)),
    ),
    said: [PORTS6, PORTS6, TRANSLATED6, TRANSLATED6, FORWARDED],
  },
  {
    name: "IPv6: extension headers",
    rules: NAT6,
    packets: arriving(ipv6(17, build.udp(udp, ...ENDS6), { extensions: [{ header: "hop-by-hop" }, { header: "destination" }] })),
    said: [TRANSLATED6],
  },
  {
    name: "IPv6: wrong checksums",
    rules: [...portNat6("tcp"), ...NAT6],
    sysctls: TRUSTING,
    packets: arriving(
      ipv6(6, build.tcp({ ...SYN, badChecksum: true }, ...ENDS6)),
      ipv6(58, build.icmp6({ type: 128, id: 77, sequence: 1, payload: DATA, badChecksum: true }, ...ENDS6)),
    ),
    said: [PORTS6, TRANSLATED6],
  },
  {
    name: "IPv6: error about TCP",
    rules: portNat6("tcp"),
    packets: [
      ["eth0", ipv6(6, build.tcp(SYN, ...ENDS6))],
      ["eth1", errorAbout6(6, build.tcp(outgoing, ...OUTGOING6))],
    ],
    said: [PORTS6, ABOUT6],
  },
  {
    name: "IPv6: hop limit, traffic class, MSS",
    rules: [
      "-6 mangle -A PREROUTING -j HL --hl-set 9",
      "-6 mangle -A FORWARD -j DSCP --set-dscp 0x2a",
      "-6 mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1300",
    ],
    packets: arriving(ipv6(6, build.tcp(SYN, ...ENDS6)), ipv6(6, build.tcp({ ...SYN, options: [] }, ...ENDS6))),
    said: [
      { ttl: 8, tos: 0xaa, mss: 1300 },
      { ttl: 8, tos: 0xaa, mss: 1220 },
    ],
  },
];
