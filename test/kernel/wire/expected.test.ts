import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../src/model/address.ts";
import type { Packet } from "../../../src/model/packet.ts";
import { decodePacket } from "../../../src/wire/ip.ts";
import { fragments, icmp, ipv4, join, tcp, udp } from "./build.ts";
import { differs, differsOut, reassembled } from "./expected.ts";
import { differsMade } from "./made.ts";

const ENDS = ["10.1.0.2", "10.2.0.9"] as const;
const [src, dst] = ENDS;
const THERE = parseAddress("10.2.0.2") ?? 0;
const segment = { sport: 40000, dport: 80, payload: Uint8Array.of(1, 2, 3) };
const sent = ipv4({ src, dst, protocol: 6, payload: tcp(segment, ...ENDS) });
const right = ipv4({ src, dst: THERE, ttl: 63, protocol: 6, payload: tcp({ ...segment, dport: 8080 }, src, THERE) });

function decoded(octets: Uint8Array): Packet {
  const { packet, defect } = decodePacket(octets);
  if (!packet) throw new Error(defect);
  return packet;
}

const said: Packet = { ...decoded(right), payload: decoded(sent).payload };

/** The right packet with one octet changed. */
function flipped(at: number): Uint8Array {
  const octets = right.slice();
  octets[at] = (octets[at] ?? 0) ^ 1;
  return octets;
}

describe("what differs", () => {
  it("is nothing in a packet as it should be", () => {
    expect(differs(said, sent, right)).toBeUndefined();
  });

  it.each([
    [8, "IPv4 TTL: expected 0x3f, kernel 0x3e at octet 8"],
    [10, "IPv4 header checksum: expected 0x67c7, kernel 0x66c7 at octet 10"],
    [19, "IPv4 destination: expected 10.2.0.2, kernel 10.2.0.3 at octet 16"],
    [23, "TCP destination port: expected 0x1f90, kernel 0x1f91 at octet 22"],
    [37, "TCP checksum: expected 0xe117, kernel 0xe116 at octet 36"],
    [42, "options or data: expected 0x03, kernel 0x02 at octet 42"],
  ])("is named when octet %i is another one", (at, words) => {
    expect(differs(said, sent, flipped(at))).toBe(words);
  });

  it("is the header field and not the checksum that changes with it", () => {
    expect(differs({ ...said, ttl: 62 }, sent, right)).toBe("IPv4 TTL: expected 0x3e, kernel 0x3f at octet 8");
    expect(differs(said, sent, right.subarray(0, 41))).toBe("length: expected 43 octets, kernel 41");
  });

  it("may be that a card's checksum was completed or was not", () => {
    const partial = sent.slice();
    // The pseudo-header's sum alone, as tcp_v4_send_check leaves it.
    partial.set([0x14, 0x2b], 36);
    const undone = right.slice();
    undone.set([0x14, 0x24], 36);
    const offloaded: Packet = { ...said, checksum: "partial" };
    expect(decoded(partial).checksum).toBe("partial");
    expect(differs(offloaded, partial, undone)).toBeUndefined();
    expect(differs(offloaded, partial, right)).toBeUndefined();
    expect(differs(offloaded, partial, flipped(37))).toContain("TCP checksum");
  });
});

describe("fragments", () => {
  const payload = udp({ sport: 1, dport: 2, payload: new Uint8Array(200).map((_, i) => i) }, ...ENDS);
  const whole = ipv4({ src, dst, id: 7, protocol: 17, payload });
  const parts = fragments(whole, 120);

  it("make up their datagram in any order", () => {
    expect(reassembled(parts)).toEqual(whole);
    expect(reassembled(parts.toReversed())).toEqual(whole);
  });

  it("are compared by themselves where nobody puts them together", () => {
    const out = parts.map((part) => ({ netns: "r", interface: "eth1", packet: { ...decoded(part), ttl: 63 } }));
    for (const [i, part] of parts.entries()) {
      const { src, dst, id = 0, fragment, payload } = decoded(part);
      const { offset = 0, more: moreFragments = false } = fragment ?? {};
      const kernel = ipv4({ src, dst, id, ttl: 63, protocol: 17, offset, moreFragments, payload });
      expect(differsOut(parts.slice(0, i + 1), out.slice(i, i + 1), 0, kernel)).toBeUndefined();
      expect(differsOut(parts.slice(0, i + 1), out.slice(i, i + 1), 0, part)).toContain("TTL");
    }
  });

  it("are compared with the datagram where somebody did, whichever came last", () => {
    const there = ipv4({
      src,
      dst,
      id: 7,
      ttl: 63,
      protocol: 17,
      payload: udp({ sport: 5, dport: 2, payload: payload.slice(8) }, ...ENDS),
    });
    const pieces = fragments(there, 120);
    const out = pieces.map((piece) => ({ netns: "r", interface: "eth1", packet: decoded(piece) }));
    const order = [...parts.slice(1), ...parts.slice(0, 1)];
    expect(pieces.map((piece, i) => differsOut([sent, ...order], out, i, piece))).toEqual(pieces.map(() => undefined));
    expect(differsOut([sent, ...order], out, 0, parts[0] ?? sent)).toContain("TTL");
  });
});

describe("what differs in a packet that the host made", () => {
  const quoted = ipv4({ src, dst, id: 9, protocol: 17, payload: udp({ sport: 1, dport: 2, payload: Uint8Array.of(7, 8) }, ...ENDS) });
  const error = (about: Uint8Array, id = 0) =>
    ipv4({ src: dst, dst: src, id, tos: 0xc0, protocol: 1, payload: icmp({ type: 3, code: 3, quoted: about }) });
  const expected = decoded(error(quoted));

  it("is not its id", () => {
    expect(differsMade(expected, error(quoted, 77))).toBeUndefined();
  });

  it.each([
    [ipv4({ src: dst, dst: src, protocol: 1, payload: icmp({ type: 3, code: 3, quoted }) }), "TOS: expected 192, kernel 0"],
    [ipv4({ src: dst, dst: src, tos: 0xc0, protocol: 1, payload: icmp({ type: 3, code: 1, quoted }) }), "code: expected 3, kernel 1"],
    [
      error(join(quoted.subarray(0, 20), udp({ sport: 3, dport: 2, payload: Uint8Array.of(7, 8) }, ...ENDS))),
      "quoted sport: expected 1, kernel 3",
    ],
    [error(quoted.map((octet, i) => (i === quoted.length - 1 ? 9 : octet))), "quoted checksum: expected good, kernel bad"],
    [error(quoted.map((octet, i) => (i === 11 ? octet ^ 1 : octet))), "quoted header checksum: expected good, kernel bad"],
    [error(quoted.subarray(0, 28)), "length: expected 58, kernel 56"],
  ])("is named (%#)", (kernel, words) => {
    expect(differsMade(expected, kernel)).toBe(words);
  });

  it("is a defect where there is one", () => {
    expect(differsMade(expected, error(quoted).subarray(0, 10))).toContain("cannot be decoded");
    expect(
      differsMade(
        expected,
        error(quoted).map((octet, i) => (i === 22 ? octet ^ 1 : octet)),
      ),
    ).toBe("checksum: the kernel's is bad");
  });
});
