import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Connection } from "../../../../src/engine/connection.ts";
import { cut } from "../../../../src/engine/fragments.ts";
import { Skb } from "../../../../src/engine/skb.ts";
import { parseAddress } from "../../../../src/model/address.ts";
import type { Packet, TcpOption, Transport } from "../../../../src/model/packet.ts";
import { decodePacket } from "../../../../src/wire/ip.ts";
import { hex } from "../../../wire/pcap-bytes.ts";
import { join } from "../build.ts";
import { differsOut, expectedOctets, reassembled } from "../expected.ts";
import { differsMade } from "../made.ts";
import { number, read } from "../octets.ts";
import { ANSWERED } from "./answered.ts";
import { type Said, sent } from "./case.ts";
import { CASES } from "./cases.ts";

const FILE = new URL("recorded.ndjson", import.meta.url);

interface Recorded {
  readonly name: string;
  /** Packet after which it came, device that it left by, octets. */
  readonly kernel: readonly (readonly [packet: number, device: string, octets: string])[];
}

/** What record.py needs of the cases: UPDATE_RECORDED=1 writes it. */
const questions = [...CASES, ...ANSWERED].map((test) => ({
  name: test.name,
  rules: test.rules,
  ...(test.sysctls && { sysctls: test.sysctls }),
  ...(test.mtu && { mtu: test.mtu }),
  packets: sent(test).map(({ device, octets }) => [device, Buffer.from(octets).toString("hex")]),
}));

if (process.env["UPDATE_RECORDED"] === "1") writeFileSync(FILE, questions.map((question) => `${JSON.stringify(question)}\n`).join(""));

const recorded = readFileSync(FILE, "utf8")
  .trim()
  .split("\n")
  .map((line): Recorded => JSON.parse(line));

function decoded(octets: Uint8Array): Packet {
  const { packet, defect } = decodePacket(octets);
  if (!packet) throw new Error(defect);
  return packet;
}

/** A packet as the replay would have it after some changes: what a change leaves alone is as it was, checksums included. */
function changed(packet: Packet, said: Said): Packet {
  const address = (text: string | undefined) => (text === undefined ? undefined : parseAddress(text));
  const transport = packet.transport && changedTransport(packet.transport, said);
  const header = (of: Transport | undefined) => (of?.kind === "tcp" ? of.headerLength : 0);
  const data = said.data === undefined ? undefined : Buffer.from(said.data);
  const payload = data ? join(packet.payload.subarray(0, header(packet.transport)), data) : packet.payload;
  const grown = header(transport) - header(packet.transport) + payload.length - packet.payload.length;
  return {
    ...packet,
    src: address(said.src) ?? packet.src,
    dst: address(said.dst) ?? packet.dst,
    ttl: said.ttl ?? packet.ttl,
    tos: said.tos ?? packet.tos,
    length: packet.length + grown,
    payload,
    ...(transport && { transport }),
  };
}

function changedTransport(transport: Transport, said: Said): Transport {
  const ports = { ...(said.sport !== undefined && { sport: said.sport }), ...(said.dport !== undefined && { dport: said.dport }) };
  switch (transport.kind) {
    case "icmp":
      return {
        ...transport,
        ...(said.id !== undefined && { id: said.id }),
        ...(said.quoted && transport.quoted && { quoted: changed(transport.quoted, said.quoted) }),
      };
    case "spi":
      return transport;
    case "tcp": {
      const { flags = transport.flags, seq = transport.seq, ack = transport.ack } = said;
      const numbers = { flags, seq, ack };
      if (said.sack) return { ...transport, ...numbers, options: transport.options.map((option) => shifted(option, said.sack ?? 0)) };
      if (said.mss === undefined) return { ...transport, ...ports, ...numbers };
      const mss = { kind: 2, data: Uint8Array.of(said.mss >> 8, said.mss & 255) };
      const present = transport.options.some(({ kind }) => kind === 2);
      const options = present ? transport.options.map((option) => (option.kind === 2 ? mss : option)) : [mss, ...transport.options];
      return { ...transport, ...numbers, options, headerLength: transport.headerLength + (present ? 0 : 4) };
    }
    default:
      return { ...transport, ...ports };
  }
}

/** A SACK option whose edges are further on. */
function shifted({ kind, data }: TcpOption, by: number): TcpOption {
  const edges = [0, 4].map((at) => number(read(data, at, 4) + by, 4));
  return { kind, data: kind === 5 ? join(...edges) : data };
}

/** What the replay has leaving for a packet that was `parts` when it came: itself, or what it is cut into. */
function leaving(whole: Packet, parts: readonly Uint8Array[], mtu: number): readonly Packet[] {
  if (parts.length === 1 && whole.length <= mtu) return [whole];
  const skb = new Skb({
    ...{ packet: whole, mark: 0, priority: 0, type: "host", netns: "r", device: "eth1", in: "eth0" },
    ...{ ctState: "NEW", ctDirection: "original", local: false, looped: false },
    connection: { srcNat: true, dstNat: true } as Connection,
    ...(parts.length > 1 && {
      fragments: parts.map(decoded),
      fragMaxSize: Math.max(...parts.map(({ length }) => length)),
      fragDf: whole.dontFragment,
    }),
  });
  return cut(skb, mtu);
}

describe("recorded", () => {
  it("asks what the cases ask", () => {
    expect(recorded.map(({ kernel, ...question }) => question)).toEqual(questions);
  });

  it.each(CASES.map((test, i) => [test.name, test, recorded[i]] as const))("%s", (_, test, answer) => {
    const packets = sent(test);
    const outputs = answer?.kernel.map(([after, device, octets]) => ({ ...packets[after], out: device, kernel: hex(octets) })) ?? [];
    for (const [i, said] of test.said.entries()) {
      const until = packets.findLastIndex(({ datagram }) => datagram === i);
      const parts = packets.filter(({ datagram }) => datagram === i).map(({ octets }) => octets);
      const original = (parts.length === 1 && parts[0]) || reassembled(parts);
      const pieces = said ? leaving(changed(decoded(original), said), parts, test.mtu ?? 1500) : [];
      const out = pieces.map((packet) => ({ netns: "r", interface: "eth1", packet }));
      const kernel = outputs.filter(({ datagram }) => datagram === i);
      const before = packets.slice(0, until + 1).map(({ octets }) => octets);
      expect(out.map((_, n) => differsOut(before, out, n, kernel[n]?.kernel ?? new Uint8Array(0)))).toEqual(kernel.map(() => undefined));
      expect(pieces.map((piece) => expectedOctets(original, piece, pieces[0]))).toEqual(kernel.map(({ kernel }) => kernel));
    }
  });

  it.each(ANSWERED.map((test, i) => [test.name, test, recorded[CASES.length + i]] as const))("%s", (_, test, answer) => {
    const wrong = test.made?.map((packet, i) => differsMade(packet, hex(answer?.kernel[i]?.[2] ?? "")));
    expect(wrong).toEqual(test.packets.map(() => undefined));
    expect(answer?.kernel).toHaveLength(test.packets.length);
  });
});
