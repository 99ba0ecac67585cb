import * as build from "../build.ts";
import type { Case } from "./case.ts";
import { arriving, DATA, ENDS, ipv4, NAT, PORTS, portNat, SYN, TRANSLATED, udp } from "./router.ts";

/** Datagrams put together and cut again. */
export const CUT_CASES: readonly Case[] = [
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
];
