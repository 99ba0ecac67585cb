import { TCP_FLAG } from "../../../src/model/packet.ts";
import * as build from "./build.ts";
import { number, read, write } from "./octets.ts";
import { checksum, updated } from "./sums.ts";

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
}

const CLIENT = "10.1.0.2";
const SERVICE = "10.2.0.9";
const SERVER = "10.2.0.2";
const OUTSIDE = "10.2.0.7";
const ENDS = [CLIENT, SERVICE] as const;
const CLIENT6 = "fd01::2";
const SERVICE6 = "fd02::9";
const SERVER6 = "fd02::2";
const OUTSIDE6 = "fd02::7";
const ENDS6 = [CLIENT6, SERVICE6] as const;

const NAT = [
  `-4 nat -A PREROUTING -d ${SERVICE} -j DNAT --to-destination ${SERVER}`,
  `-4 nat -A POSTROUTING -o eth1 -j SNAT --to-source ${OUTSIDE}`,
];
const NAT6 = [
  `-6 nat -A PREROUTING -d ${SERVICE6} -j DNAT --to-destination ${SERVER6}`,
  `-6 nat -A POSTROUTING -o eth1 -j SNAT --to-source ${OUTSIDE6}`,
];
const portNat = (protocol: string) => [
  `-4 nat -A PREROUTING -p ${protocol} -d ${SERVICE} -j DNAT --to-destination ${SERVER}:8080`,
  `-4 nat -A POSTROUTING -p ${protocol} -o eth1 -j SNAT --to-source ${OUTSIDE}:5000`,
];
const portNat6 = (protocol: string) => [
  `-6 nat -A PREROUTING -p ${protocol} -d ${SERVICE6} -j DNAT --to-destination [${SERVER6}]:8080`,
  `-6 nat -A POSTROUTING -p ${protocol} -o eth1 -j SNAT --to-source [${OUTSIDE6}]:5000`,
];
const TRUSTING = { "net.netfilter.nf_conntrack_checksum": "0" };
const TRANSLATED: Said = { src: OUTSIDE, dst: SERVER, ttl: 63 };
const PORTS: Said = { ...TRANSLATED, sport: 5000, dport: 8080 };
const TRANSLATED6: Said = { src: OUTSIDE6, dst: SERVER6, ttl: 63 };
const PORTS6: Said = { ...TRANSLATED6, sport: 5000, dport: 8080 };

const DATA = new Uint8Array(37).map((_, i) => 7 * i + 1);
const MSS = (value: number) => ({ kind: 2, data: Uint8Array.of(value >> 8, value & 255) });
const NOP = { kind: 1, data: new Uint8Array(0) };
const SYN = { sport: 40000, dport: 80, seq: 0x11223344, flags: TCP_FLAG.SYN, options: [MSS(1460), NOP, NOP] };

const ipv4 = (protocol: number, payload: Uint8Array, more: Partial<build.Ipv4Fields> = {}) =>
  build.ipv4({ src: CLIENT, dst: SERVICE, id: 0x4242, protocol, payload, ...more });
const ipv6 = (protocol: number, payload: Uint8Array, more: Partial<build.Ipv6Fields> = {}) =>
  build.ipv6({ src: CLIENT6, dst: SERVICE6, protocol, payload, trafficClass: 0x12, flowLabel: 0x34567, ...more });
const arriving = (...packets: readonly Uint8Array[]): Case["packets"] => packets.map((packet) => ["eth0", packet] as const);

const syn = ipv4(6, build.tcp(SYN, ...ENDS));
const udp = { sport: 40000, dport: 53, payload: DATA };

/** A UDP datagram whose checksum after translation is computed to 0. */
function zeroAfterwards(): Uint8Array {
  const after = build.udp({ sport: 5000, dport: 8080, payload: Uint8Array.of(0, 0) }, OUTSIDE, SERVER);
  return build.udp({ ...udp, payload: after.slice(6, 8) }, ...ENDS);
}

/** UDP-Lite with the checksum of UDP (nf_conntrack_proto_udp.c, udplite_error asks for that one). */
function liteAsUdp(): Uint8Array {
  const octets = build.udplite(udp, ...ENDS);
  write(octets, 6, 2, updated(read(octets, 6, 2), number(136, 2), number(17, 2)));
  return octets;
}

/** An IPv4 packet with an id that makes its header checksum be a certain value. */
function withHeaderChecksum(value: number): Uint8Array {
  const packet = ipv4(17, build.udp({ ...udp }, ...ENDS), { id: 0 });
  const header = packet.subarray(0, 20);
  write(header, 10, 2, value);
  write(header, 4, 2, checksum(header));
  return packet;
}

/** An ICMP error from behind the server about a packet as it went out there: translated, one hop further on, and cut. */
function errorAbout(protocol: number, transport: Uint8Array, octets: number, length = transport.length): Uint8Array {
  const quoted = build.ipv4({
    src: OUTSIDE,
    dst: SERVER,
    id: 0x4242,
    ttl: 62,
    protocol,
    payload: transport.subarray(0, octets),
    totalLength: 20 + length,
  });
  return build.ipv4({ src: SERVER, dst: OUTSIDE, protocol: 1, payload: build.icmp({ type: 3, code: 1, quoted }) });
}
const errorAbout6 = (protocol: number, transport: Uint8Array) => {
  const quoted = build.ipv6({ src: OUTSIDE6, dst: SERVER6, hopLimit: 62, protocol, payload: transport });
  return build.ipv6({ src: SERVER6, dst: OUTSIDE6, protocol: 58, payload: build.icmp6({ type: 1, code: 3, quoted }, SERVER6, OUTSIDE6) });
};
const ABOUT: Said = { src: SERVICE, dst: CLIENT, ttl: 63, quoted: { src: CLIENT, dst: SERVICE, sport: 40000, dport: 80 } };
const ABOUT6: Said = { src: SERVICE6, dst: CLIENT6, ttl: 63, quoted: { src: CLIENT6, dst: SERVICE6, sport: 40000, dport: 80 } };
const outgoing = { ...SYN, sport: 5000, dport: 8080 };
const datagram = { ...udp, dport: 80 };
const OUTGOING = [OUTSIDE, SERVER] as const;
const OUTGOING6 = [OUTSIDE6, SERVER6] as const;

function error(name: string, protocol: string, number: number, first: Uint8Array, about: Uint8Array, octets = about.length): Case {
  return {
    name,
    rules: portNat(protocol),
    packets: [
      ["eth0", ipv4(number, first)],
      ["eth1", errorAbout(number, about, octets)],
    ],
    said: [PORTS, ABOUT],
  };
}

const chunks = [1];
const onlyForwarded: Said = { ttl: 63 };

/** All recorded cases. */
export const CASES: readonly Case[] = [
  { name: "TCP", rules: portNat("tcp"), packets: arriving(syn), said: [PORTS] },
  {
    name: "TCP, wrong checksum",
    rules: portNat("tcp"),
    sysctls: TRUSTING,
    packets: arriving(ipv4(6, build.tcp({ ...SYN, badChecksum: true }, ...ENDS))),
    said: [PORTS],
  },
  { name: "UDP", rules: portNat("udp"), packets: arriving(ipv4(17, build.udp(udp, ...ENDS))), said: [PORTS] },
  {
    name: "UDP, wrong checksum",
    rules: portNat("udp"),
    sysctls: TRUSTING,
    packets: arriving(ipv4(17, build.udp({ ...udp, badChecksum: true }, ...ENDS))),
    said: [PORTS],
  },
  {
    name: "UDP without checksum",
    rules: portNat("udp"),
    packets: arriving(ipv4(17, build.udp({ ...udp, zeroChecksum: true }, ...ENDS))),
    said: [PORTS],
  },
  { name: "UDP, checksum computed to 0", rules: portNat("udp"), packets: arriving(ipv4(17, zeroAfterwards())), said: [PORTS] },
  { name: "UDP, addresses only", rules: NAT, packets: arriving(ipv4(17, build.udp(udp, ...ENDS))), said: [TRANSLATED] },
  {
    name: "header checksums at the wrap",
    rules: [],
    packets: arriving(...[0, 0xfeff, 0xfefe, 0xff00, 0xfffe].map(withHeaderChecksum)),
    said: Array(5).fill(onlyForwarded),
  },
  {
    name: "ICMP echo, other id",
    rules: [`-4 nat -A POSTROUTING -p icmp -o eth1 -j SNAT --to-source ${OUTSIDE}:5000`],
    packets: [
      ["eth0", ipv4(1, build.icmp({ type: 8, id: 77, sequence: 3, payload: DATA }), { dst: SERVER })],
      [
        "eth1",
        build.ipv4({ src: SERVER, dst: OUTSIDE, protocol: 1, payload: build.icmp({ type: 0, id: 5000, sequence: 3, payload: DATA }) }),
      ],
    ],
    said: [
      { src: OUTSIDE, ttl: 63, id: 5000 },
      { dst: CLIENT, ttl: 63, id: 77 },
    ],
  },
  { name: "SCTP", rules: portNat("sctp"), packets: arriving(ipv4(132, build.sctp({ sport: 40000, dport: 80, chunks }))), said: [PORTS] },
  {
    name: "SCTP, wrong checksum",
    rules: portNat("sctp"),
    sysctls: TRUSTING,
    packets: arriving(ipv4(132, build.sctp({ sport: 40000, dport: 80, chunks, badChecksum: true }))),
    said: [PORTS],
  },
  {
    name: "SCTP, addresses only, wrong checksum",
    rules: NAT,
    sysctls: TRUSTING,
    packets: arriving(ipv4(132, build.sctp({ sport: 40000, dport: 80, chunks, badChecksum: true }))),
    said: [TRANSLATED],
  },
  { name: "UDP-Lite", rules: NAT, sysctls: TRUSTING, packets: arriving(ipv4(136, build.udplite(udp, ...ENDS))), said: [TRANSLATED] },
  {
    name: "UDP-Lite, partial coverage",
    rules: NAT,
    sysctls: TRUSTING,
    packets: arriving(ipv4(136, build.udplite({ ...udp, coverage: 12 }, ...ENDS))),
    said: [TRANSLATED],
  },
  {
    name: "UDP-Lite is INVALID: its checksum is verified as that of UDP",
    rules: NAT,
    packets: arriving(ipv4(136, build.udplite(udp, ...ENDS))),
    said: [onlyForwarded],
  },
  { name: "UDP-Lite with UDP's checksum", rules: NAT, packets: arriving(ipv4(136, liteAsUdp())), said: [TRANSLATED] },
  { name: "DCCP", rules: NAT, packets: arriving(ipv4(33, build.dccp(udp, ...ENDS))), said: [TRANSLATED] },
  { name: "GRE", rules: NAT, packets: arriving(ipv4(47, build.gre({ key: 9 }))), said: [TRANSLATED] },
  { name: "PPTP's GRE", rules: NAT, packets: arriving(ipv4(47, build.gre({ callId: 9, sequence: 1 }))), said: [TRANSLATED] },
  { name: "ESP", rules: NAT, packets: arriving(ipv4(50, build.esp({ spi: 9 }))), said: [TRANSLATED] },
  { name: "AH", rules: NAT, packets: arriving(ipv4(51, build.ah({ next: 17, spi: 9, payload: DATA }))), said: [TRANSLATED] },
  error("error about TCP", "tcp", 6, build.tcp(SYN, ...ENDS), build.tcp(outgoing, ...OUTGOING)),
  error("error about TCP, 8 octets quoted", "tcp", 6, build.tcp(SYN, ...ENDS), build.tcp(outgoing, ...OUTGOING), 8),
  error("error about TCP, 19 octets quoted", "tcp", 6, build.tcp(SYN, ...ENDS), build.tcp(outgoing, ...OUTGOING), 19),
  error(
    "error about TCP with a wrong checksum",
    "tcp",
    6,
    build.tcp(SYN, ...ENDS),
    build.tcp({ ...outgoing, badChecksum: true }, ...OUTGOING),
  ),
  error("error about UDP", "udp", 17, build.udp(datagram, ...ENDS), build.udp({ ...udp, sport: 5000, dport: 8080 }, ...OUTGOING), 21),
  error(
    "error about UDP without checksum",
    "udp",
    17,
    build.udp({ ...datagram, zeroChecksum: true }, ...ENDS),
    build.udp({ ...udp, sport: 5000, dport: 8080, zeroChecksum: true }, ...OUTGOING),
  ),
  ...[8, 12, 20].map((octets) =>
    error(
      `error about SCTP, ${octets} octets quoted`,
      "sctp",
      132,
      build.sctp({ sport: 40000, dport: 80, chunks }),
      build.sctp({ sport: 5000, dport: 8080, chunks }),
      octets,
    ),
  ),
  {
    name: "error about ICMP echo",
    rules: [`-4 nat -A POSTROUTING -p icmp -o eth1 -j SNAT --to-source ${OUTSIDE}:5000`],
    packets: [
      ["eth0", ipv4(1, build.icmp({ type: 8, id: 77, sequence: 3, payload: DATA }), { dst: SERVER })],
      ["eth1", errorAbout(1, build.icmp({ type: 8, id: 5000, sequence: 3, payload: DATA }), 8)],
    ],
    said: [
      { src: OUTSIDE, ttl: 63, id: 5000 },
      { dst: CLIENT, ttl: 63, quoted: { src: CLIENT, id: 77 } },
    ],
  },
  ...[
    { name: "MSS lowered", options: [MSS(1460), NOP, NOP] },
    { name: "MSS lowered at an odd offset", options: [NOP, MSS(1460), NOP] },
    { name: "MSS lowered behind another option", options: [NOP, NOP, { kind: 8, data: DATA.slice(0, 8) }, MSS(1460), NOP, NOP] },
  ].map(({ name, options }) => ({
    name,
    rules: ["-4 mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1234"],
    packets: arriving(ipv4(6, build.tcp({ ...SYN, options }, ...ENDS))),
    said: [{ ttl: 63, mss: 1234 }],
  })),
  {
    name: "MSS added",
    rules: ["-4 mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1234"],
    packets: arriving(
      ipv4(6, build.tcp({ ...SYN, options: [] }, ...ENDS)),
      ipv4(6, build.tcp({ ...SYN, options: [{ kind: 3, data: Uint8Array.of(7) }] }, ...ENDS)),
    ),
    said: Array(2).fill({ ttl: 63, mss: 536 }),
  },
  {
    name: "TTL and TOS",
    rules: ["-4 mangle -A PREROUTING -j TTL --ttl-set 200", "-4 mangle -A FORWARD -j TOS --set-tos 0xfc/0xff"],
    packets: arriving(syn, ipv4(17, build.udp(udp, ...ENDS), { tos: 0x03, ttl: 201 })),
    said: Array(2).fill({ ttl: 199, tos: 0xfc }),
  },
  {
    name: "ECN taken out of TCP",
    rules: ["-4 mangle -A FORWARD -p tcp -j ECN --ecn-tcp-remove"],
    packets: arriving(ipv4(6, build.tcp({ ...SYN, flags: TCP_FLAG.SYN | TCP_FLAG.ECE | TCP_FLAG.CWR }, ...ENDS))),
    said: [{ ttl: 63, flags: TCP_FLAG.SYN }],
  },
  {
    name: "fragments",
    rules: portNat("udp"),
    packets: [
      ["eth0", build.fragments(ipv4(17, build.udp({ ...udp, payload: new Uint8Array(301).map((_, i) => i) }, ...ENDS)), 148)],
      ["eth0", build.fragments(ipv4(17, build.udp({ ...udp, payload: new Uint8Array(99) }, ...ENDS), { id: 0x4243 }), [8, 16])],
      [
        "eth0",
        build.fragments(ipv4(17, build.udp({ ...udp, payload: new Uint8Array(99) }, ...ENDS), { id: 0x4244, dontFragment: true }), 68),
      ],
    ],
    said: Array(3).fill(PORTS),
  },
  {
    name: "TCP in fragments, its checksum in the second",
    rules: [portNat("tcp")[0] ?? "", ...NAT.slice(1)],
    packets: [false, true].map((dontFragment) => [
      "eth0",
      build.fragments(
        ipv4(6, build.tcp({ ...SYN, sport: dontFragment ? 40001 : 40000, payload: DATA }, ...ENDS), { dontFragment }),
        [8, 16, 16],
      ),
    ]),
    said: Array(2).fill({ ...TRANSLATED, dport: 8080 }),
  },
  {
    name: "fragments with options",
    rules: portNat("udp"),
    packets: [
      [
        "eth0",
        build.fragments(
          ipv4(17, build.udp({ ...udp, payload: new Uint8Array(99) }, ...ENDS), { options: Uint8Array.of(7, 3, 4, 1, 0x94, 4, 0, 0) }),
          100,
        ),
      ],
    ],
    said: [PORTS],
  },
  {
    name: "cut at the exit",
    mtu: 1280,
    rules: [...portNat("udp"), "-4 mangle -A FORWARD -j TOS --set-tos 0x10/0xff"],
    packets: arriving(ipv4(17, build.udp({ ...udp, payload: new Uint8Array(1470).map((_, i) => i) }, ...ENDS))),
    said: [{ ...PORTS, tos: 0x10 }],
  },
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
    said: [PORTS6, PORTS6, TRANSLATED6, TRANSLATED6, onlyForwarded],
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

/** The packets of a case as they were sent, fragments one by one; `datagram` counts the case's own packets. */
export function sent(test: Case): { readonly device: string; readonly octets: Uint8Array; readonly datagram: number }[] {
  return test.packets.flatMap(([device, packet], datagram) =>
    (packet instanceof Uint8Array ? [packet] : packet).map((octets) => ({ device, octets, datagram })),
  );
}

/** The IP identification of a packet. */
export const idOf = (octets: Uint8Array) => read(octets, 4, 2);
