import * as build from "../build.ts";
import type { Case, Said } from "./case.ts";
import { CLIENT, DATA, ENDS, ipv4, OUTSIDE, PORTS, portNat, SERVER, SERVICE, SYN, udp } from "./router.ts";

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
const ABOUT: Said = { src: SERVICE, dst: CLIENT, ttl: 63, quoted: { src: CLIENT, dst: SERVICE, sport: 40000, dport: 80 } };
const outgoing = { ...SYN, sport: 5000, dport: 8080 };
const datagram = { ...udp, dport: 80 };
const OUTGOING = [OUTSIDE, SERVER] as const;

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

/** ICMP errors about translated connections. */
export const ERROR_CASES: readonly Case[] = [
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
];
