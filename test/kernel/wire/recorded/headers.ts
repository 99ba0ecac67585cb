import { TCP_FLAG } from "../../../../src/model/packet.ts";
import * as build from "../build.ts";
import type { Case } from "./case.ts";
import { arriving, CLIENT, DATA, ENDS, ipv4, MSS, NOP, SERVER, SYN, syn, udp } from "./router.ts";

/** Header fields changed by targets of the mangle table. */
export const HEADER_CASES: readonly Case[] = [
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
    name: "MSS clamped to the MTU of either way",
    mtu: 1280,
    rules: ["-4 mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"],
    packets: [
      ["eth0", syn],
      ["eth1", build.ipv4({ src: SERVER, dst: CLIENT, protocol: 6, payload: build.tcp(SYN, SERVER, CLIENT) })],
    ],
    said: Array(2).fill({ ttl: 63, mss: 1240 }),
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
];
