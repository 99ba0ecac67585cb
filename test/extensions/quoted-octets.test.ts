import { describe, expect, it } from "vitest";
import { packetOctets, unsignedAt } from "../../src/extensions/packet-octets.ts";
import type { Packet } from "../../src/model/packet.ts";
import { decodeIpv6 } from "../../src/wire/ipv6.ts";

const HEADER = 40;
const ERROR = 8;
const ID_AT = HEADER + ERROR + HEADER + 4;

function ipv6(payload: readonly number[]): number[] {
  const addresses = [...Array(15).fill(1), 1, ...Array(15).fill(1), 2];
  return [0x60, 0, 0, 0, 0, payload.length, 58, 64, ...addresses, ...payload];
}

function errorAboutEcho(id: number): Packet {
  const octets = Uint8Array.from(ipv6([1, 3, 0, 0, 0, 0, 0, 0, ...ipv6([128, 0, 0, 0, id >> 8, id & 255, 0, 1])]));
  const packet = decodeIpv6(octets, 0, octets.length, octets.length, 0);
  if (typeof packet === "string") throw new Error(packet);
  return packet;
}

function withQuotedId(packet: Packet, id: number): Packet {
  const { transport } = packet;
  const inner = transport?.kind === "icmp" ? transport.quoted?.transport : undefined;
  if (transport?.kind !== "icmp" || !transport.quoted || inner?.kind !== "icmp") throw new Error("no echo is quoted");
  return { ...packet, transport: { ...transport, quoted: { ...transport.quoted, transport: { ...inner, id } } } };
}

describe("the octets of an ICMP error whose quoted echo NAT has changed", () => {
  it("have the new id", () => expect(unsignedAt(packetOctets(withQuotedId(errorAboutEcho(9174), 4886)), ID_AT, 2)).toBe(4886));

  it("have no id where the kernel drew one", () => {
    expect(unsignedAt(packetOctets(withQuotedId(errorAboutEcho(9174), -1)), ID_AT, 2)).toBeUndefined();
  });
});
