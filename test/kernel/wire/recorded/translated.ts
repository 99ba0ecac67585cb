import * as build from "../build.ts";
import { number, read, write } from "../octets.ts";
import { checksum, updated } from "../sums.ts";
import type { Case } from "./case.ts";
import {
  arriving,
  CLIENT,
  DATA,
  ENDS,
  FORWARDED,
  ipv4,
  NAT,
  OUTSIDE,
  PORTS,
  portNat,
  SERVER,
  SYN,
  syn,
  TRANSLATED,
  TRUSTING,
  udp,
} from "./router.ts";

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

const chunks = [1];

/** Packets of every protocol, translated. */
export const TRANSLATED_CASES: readonly Case[] = [
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
    said: Array(5).fill(FORWARDED),
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
    said: [FORWARDED],
  },
  { name: "UDP-Lite with UDP's checksum", rules: NAT, packets: arriving(ipv4(136, liteAsUdp())), said: [TRANSLATED] },
  { name: "DCCP", rules: NAT, packets: arriving(ipv4(33, build.dccp(udp, ...ENDS))), said: [TRANSLATED] },
  { name: "GRE", rules: NAT, packets: arriving(ipv4(47, build.gre({ key: 9 }))), said: [TRANSLATED] },
  { name: "PPTP's GRE", rules: NAT, packets: arriving(ipv4(47, build.gre({ callId: 9, sequence: 1 }))), said: [TRANSLATED] },
  { name: "ESP", rules: NAT, packets: arriving(ipv4(50, build.esp({ spi: 9 }))), said: [TRANSLATED] },
  { name: "AH", rules: NAT, packets: arriving(ipv4(51, build.ah({ next: 17, spi: 9, payload: DATA }))), said: [TRANSLATED] },
];
