import { describe, expect, it } from "vitest";
import { dissect } from "../../src/engine/flow-dissector.ts";
import type { Packet } from "../../src/model/packet.ts";
import { decodeIpv4 } from "../../src/wire/ipv4.ts";
import { decodeIpv6 } from "../../src/wire/ipv6.ts";

const [TCP, UDP, FRAGMENT, ESP, AH, OPTIONS, ROUTING, GRE] = [6, 17, 44, 50, 51, 60, 43, 47];
const [SPORT, DPORT] = [40000, 443];
const PORTS = [SPORT >> 8, SPORT & 255, DPORT >> 8, DPORT & 255];
const BOTH = { sport: SPORT, dport: DPORT };

const tcp = [...PORTS, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0];
const fragment = (next: number, field = 0) => [next, 0, field >> 8, field & 255, 0, 0, 0, 9];
const options = (next: number, units = 0) => [next, units, 1, 4, 0, 0, 0, 0];
const routing = (next: number) => [next, 0, 4, 0, 0, 0, 0, 0];
const ah = (next: number) => [next, 2, 0, 0, ...PORTS, 0, 0, 0, 1, 0, 0, 0, 0];

function ipv6(next: number, payload: readonly number[]): Packet {
  const addresses = [...Array(15).fill(1), 1, ...Array(15).fill(1), 2];
  return decoded(decodeIpv6, [0x60, 0, 0, 0, 0, payload.length, next, 64, ...addresses, ...payload]);
}

function ipv4(protocol: number, payload: readonly number[], field = 0): Packet {
  const header = [0x45, 0, 0, 20 + payload.length, 0, 7, field >> 8, field & 255, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  return decoded(decodeIpv4, [...header, ...payload]);
}

function decoded(decode: typeof decodeIpv6, octets: readonly number[]): Packet {
  const packet = decode(Uint8Array.from(octets), 0, octets.length, octets.length, 0);
  if (typeof packet === "string") throw new Error(packet);
  return packet;
}

describe("what policy rules see of a packet", () => {
  it.each([
    ["TCP", ipv6(TCP, tcp), { protocol: TCP, ...BOTH }],
    ["options", ipv6(OPTIONS, [...options(TCP), ...tcp]), { protocol: TCP, ...BOTH }],
    ["routing and options", ipv6(ROUTING, [...routing(OPTIONS), ...options(TCP), ...tcp]), { protocol: TCP, ...BOTH }],
    ["a fragment that is whole", ipv6(FRAGMENT, [...fragment(TCP), ...tcp]), { protocol: TCP }],
    ["a first fragment", ipv6(FRAGMENT, [...fragment(TCP, 1), ...tcp, 0, 0, 0, 0]), { protocol: TCP }],
    ["a later fragment", ipv6(FRAGMENT, [...fragment(TCP, 8), ...tcp]), { protocol: TCP }],
    ["options in a fragment", ipv6(FRAGMENT, [...fragment(OPTIONS), ...options(TCP), ...tcp]), { protocol: OPTIONS }],
    ["AH", ipv6(AH, [...ah(TCP), ...tcp]), { protocol: AH, ...BOTH }],
    ["AH in a fragment", ipv6(FRAGMENT, [...fragment(AH), ...ah(TCP), ...tcp]), { protocol: AH }],
    ["ESP", ipv6(ESP, [...PORTS, 0, 0, 0, 1, 9, 9, 9, 9]), { protocol: ESP, ...BOTH }],
    ["UDP of four octets", ipv6(UDP, PORTS), { protocol: UDP, ...BOTH }],
    ["UDP of three octets", ipv6(UDP, PORTS.slice(0, 3)), { protocol: UDP }],
    ["options longer than the packet", ipv6(OPTIONS, [...options(TCP, 5), ...tcp]), { protocol: TCP }],
    ["GRE", ipv6(GRE, [...PORTS, 0, 0, 0, 0]), { protocol: GRE }],
  ])("%s in IPv6", (_, packet, expected) => expect(dissect(packet)).toEqual(expected));

  it.each([
    ["TCP", ipv4(TCP, tcp), { protocol: TCP, ...BOTH }],
    ["a first fragment", ipv4(TCP, [...tcp, 0, 0, 0, 0], 0x2000), { protocol: TCP }],
    ["a later fragment", ipv4(TCP, tcp, 8), { protocol: TCP }],
    ["AH", ipv4(AH, [...ah(TCP), ...tcp]), { protocol: AH, ...BOTH }],
    ["AH cut short", ipv4(AH, ah(TCP).slice(0, 8)), { protocol: AH, ...BOTH }],
    ["ESP", ipv4(ESP, [...PORTS, 0, 0, 0, 1]), { protocol: ESP, ...BOTH }],
    ["TCP cut short", ipv4(TCP, tcp.slice(0, 6)), { protocol: TCP, ...BOTH }],
  ])("%s in IPv4", (_, packet, expected) => expect(dissect(packet)).toEqual(expected));
});
