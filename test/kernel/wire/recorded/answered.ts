import { parseAddress } from "../../../../src/model/address.ts";
import { type Packet, TCP_FLAG, type Transport } from "../../../../src/model/packet.ts";
import { decodePacket } from "../../../../src/wire/ip.ts";
import * as build from "../build.ts";
import { patched } from "../patch.ts";
import type { Case } from "./case.ts";
import { arriving, CLIENT, DATA, ENDS, ipv4, NAT, portNat, SERVICE, syn, udp } from "./router.ts";

/** A packet that the router makes, to the client. */
function made(src: string, protocol: number, length: number, transport: Transport, more: Partial<Packet> = {}): Packet {
  const ends = { src: parseAddress(src) ?? 0, dst: parseAddress(CLIENT) ?? 0 };
  const header = { ttl: 64, tos: 0, length, headerLength: 20, dontFragment: false } as const;
  return { family: 4, ...ends, protocol, ...header, checksum: "good", transport, payload: new Uint8Array(0), ...more };
}

/** An ICMP error of the router about a packet; about one of a translated connection it comes from the packet's first destination. */
function about(src: string, octets: Uint8Array, type: number, code: number, more: { readonly mtu?: number } = {}): Packet {
  const quoted = decodePacket(octets).packet as Packet;
  const icmp: Transport = { kind: "icmp", type, code, ...more, quoted };
  return made(src, 1, 28 + Math.min(octets.length, 548), icmp, { tos: 0xc0 | (quoted.tos & 0x1e) });
}

const RESET: Transport = {
  ...{ kind: "tcp", sport: 80, dport: 40000, seq: 0, ack: 0x11223345, flags: TCP_FLAG.RST | TCP_FLAG.ACK },
  ...{ window: 0, headerLength: 20, options: [] },
};
/** A packet when it gets to FORWARD: its TTL is one less. */
function onceForwarded(octets: Uint8Array): Uint8Array {
  const packet = decodePacket(octets).packet as Packet;
  return patched(octets, { ...packet, ttl: packet.ttl - 1 });
}

const anyUdp = ipv4(17, build.udp(udp, ...ENDS), { tos: 0x08 });
const dying = ipv4(17, build.udp(udp, ...ENDS), { ttl: 1 });
const big = ipv4(17, build.udp({ ...udp, payload: new Uint8Array(1400).map((_, i) => i) }, ...ENDS), { dontFragment: true });
const probe = ipv4(1, build.icmp({ type: 8, id: 77, sequence: 3, payload: DATA }));

/** Cases in which the router answers. */
export const ANSWERED: readonly Case[] = [
  {
    name: "reset",
    rules: ["-4 filter -A FORWARD -p tcp -j REJECT --reject-with tcp-reset"],
    packets: arriving(syn),
    said: [undefined],
    made: [made(SERVICE, 6, 40, RESET, { dontFragment: true })],
  },
  {
    name: "reset of a translated connection",
    rules: [...NAT, "-4 filter -A FORWARD -p tcp -j REJECT --reject-with tcp-reset"],
    packets: arriving(syn),
    said: [undefined],
    made: [made(SERVICE, 6, 40, RESET, { dontFragment: true })],
  },
  {
    name: "port unreachable",
    rules: ["-4 filter -A FORWARD -p udp -j REJECT"],
    packets: arriving(anyUdp),
    said: [undefined],
    made: [about("10.1.0.1", onceForwarded(anyUdp), 3, 3)],
  },
  {
    name: "prohibited, of a translated connection",
    rules: [...portNat("udp"), ...NAT, "-4 filter -A FORWARD -j REJECT --reject-with icmp-admin-prohibited"],
    packets: arriving(anyUdp, probe),
    said: [undefined, undefined],
    made: [about(SERVICE, onceForwarded(anyUdp), 3, 13), about(SERVICE, onceForwarded(probe), 3, 13)],
  },
  { name: "time exceeded", rules: portNat("udp"), packets: arriving(dying), said: [undefined], made: [about(SERVICE, dying, 11, 0)] },
  {
    name: "too big",
    rules: portNat("udp"),
    mtu: 1280,
    packets: arriving(big),
    said: [undefined],
    made: [about(SERVICE, big, 3, 4, { mtu: 1280 })],
  },
];
