import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Address, familyOf } from "../../../src/model/address.ts";
import { type Packet, PROTOCOL } from "../../../src/model/packet.ts";
import { decodePacket } from "../../../src/wire/ip.ts";
import { hex, readFrame } from "../../wire/pcap-bytes.ts";
import * as build from "./build.ts";

const bits = (n: number) => fc.integer({ min: 0, max: 2 ** n - 1 });
const octets = (maxLength: number) => fc.uint8Array({ minLength: 0, maxLength });
const address4 = bits(32);
const address6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
const ends = fc.oneof(fc.record({ src: address4, dst: address4 }), fc.record({ src: address6, dst: address6 }));
const ports = { sport: bits(16), dport: bits(16) };

interface Ends {
  readonly src: Address;
  readonly dst: Address;
}

function decoded(packet: Uint8Array): Packet {
  const { packet: found, defect } = decodePacket(packet);
  if (!found) throw new Error(defect);
  return found;
}

/** The packet around a transport header, of the addresses' family, decoded again. */
function around({ src, dst }: Ends, protocol: number, payload: Uint8Array): Packet {
  return decoded(familyOf(src) === 4 ? build.ipv4({ src, dst, protocol, payload }) : build.ipv6({ src, dst, protocol, payload }));
}

describe("built packets", () => {
  it("have the IPv4 header fields asked for, and good checksums", () => {
    const fields = fc.record({
      ...{
        src: address4,
        dst: address4,
        ttl: bits(8),
        tos: bits(8),
        id: bits(16),
        dontFragment: fc.boolean(),
        moreFragments: fc.boolean(),
      },
      ...{ protocol: fc.constant(253), offset: bits(13).map((n) => n * 8), payload: octets(64), options: octets(40) },
    });
    fc.assert(
      fc.property(fields, (f) => {
        const headerLength = 20 + ((f.options.length + 3) & ~3);
        const { src, dst, ttl, tos, id, dontFragment, protocol } = f;
        const expected = { family: 4, src, dst, ttl, tos, id, dontFragment, protocol, headerLength, headerChecksum: "good" };
        const packet = decoded(build.ipv4(f));
        expect(packet).toMatchObject({ ...expected, length: headerLength + f.payload.length });
        expect(packet.fragment ?? { offset: 0, more: false }).toEqual({ offset: f.offset, more: f.moreFragments });
        expect(packet.payload).toEqual(f.payload);
        expect(decoded(build.ipv4({ ...f, badChecksum: true })).headerChecksum).toBe("bad");
      }),
    );
  });

  it("have the IPv6 header fields and extension headers asked for", () => {
    const extension = fc.oneof(
      fc.record({ header: fc.constantFrom("hop-by-hop", "routing", "destination"), data: octets(30) }),
      fc.record({ header: fc.constant("ah" as const), icv: fc.constantFrom(new Uint8Array(12), new Uint8Array(20)) }),
      fc.record({ header: fc.constant("fragment" as const), id: bits(32) }),
    );
    const fields = fc.record({
      ...{ src: address6, dst: address6, hopLimit: bits(8), trafficClass: bits(8), flowLabel: bits(20) },
      extensions: fc.array(extension, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fields, fc.record(ports), (f, p) => {
        const payload = build.udp(p, f.src, f.dst);
        const packet = decoded(build.ipv6({ ...f, protocol: PROTOCOL.udp, payload } as Parameters<typeof build.ipv6>[0]));
        expect(packet).toMatchObject({ family: 6, src: f.src, dst: f.dst, ttl: f.hopLimit, tos: f.trafficClass, protocol: PROTOCOL.udp });
        expect(packet.extensionHeaders ?? []).toEqual(f.extensions.map(({ header }) => header));
        expect(packet).toMatchObject({ transport: { kind: "udp", ...p }, checksum: "good" });
      }),
    );
  });

  it("have the TCP fields asked for", () => {
    const option = fc.record({ kind: fc.integer({ min: 2, max: 255 }), data: octets(6) });
    const fields = fc.record({
      ...{ ...ports, seq: bits(32), ack: bits(32), flags: bits(8), window: bits(16) },
      ...{ options: fc.array(option, { maxLength: 5 }), payload: octets(40) },
    });
    fc.assert(
      fc.property(ends, fields, (e, { payload, ...f }) => {
        const packet = around(e, PROTOCOL.tcp, build.tcp({ ...f, payload }, e.src, e.dst));
        expect(packet.checksum).toBe("good");
        if (packet.transport?.kind !== "tcp") throw new Error("no TCP");
        const { options, headerLength, ...rest } = packet.transport;
        const { options: wanted, ...same } = f;
        expect(rest).toEqual({ kind: "tcp", ...same });
        expect(options.filter(({ kind }) => kind > 1)).toEqual(wanted);
        expect(packet.payload.subarray(headerLength)).toEqual(payload);
        expect(around(e, PROTOCOL.tcp, build.tcp({ ...f, payload, badChecksum: true }, e.src, e.dst)).checksum).not.toBe("good");
      }),
    );
  });

  it("have the ports of UDP, UDP-Lite, DCCP and SCTP, and good checksums", () => {
    fc.assert(
      fc.property(ends, fc.record({ ...ports, payload: octets(40) }), bits(32), fc.boolean(), (e, f, tag, badChecksum) => {
        const { payload, ...p } = f;
        const checksum = badChecksum ? "bad" : "good";
        const udp = around(e, PROTOCOL.udp, build.udp({ ...f, badChecksum }, e.src, e.dst));
        expect(udp.transport).toEqual({ kind: "udp", ...p, length: 8 + payload.length });
        expect(udp.checksum === "good").toBe(!badChecksum);
        expect(around(e, PROTOCOL.udp, build.udp({ ...f, zeroChecksum: true }, e.src, e.dst)).checksum).toBe("absent");
        const sctp = build.sctp({ ...p, tag, chunks: [1, { type: 0, flags: 3, data: payload }], badChecksum });
        expect(around(e, PROTOCOL.sctp, sctp)).toMatchObject({ transport: { kind: "sctp", ...p, tag, chunks: [1, 0] }, checksum });
        const others = { [PROTOCOL.udplite]: build.udplite(f, e.src, e.dst), [PROTOCOL.dccp]: build.dccp(f, e.src, e.dst) };
        for (const [protocol, octets] of Object.entries(others)) {
          expect(around(e, Number(protocol), octets).transport).toEqual({ kind: "ports", ...p });
        }
      }),
    );
  });

  it("have the ICMP fields asked for", () => {
    const fields = fc.record({ id: bits(16), sequence: bits(16), payload: octets(40) });
    fc.assert(
      fc.property(ends, fields, bits(16), (e, { payload, ...f }, mtu) => {
        const four = familyOf(e.src) === 4;
        const protocol = four ? PROTOCOL.icmp : PROTOCOL.icmpv6;
        const message = (fields: Parameters<typeof build.icmp>[0]) => (four ? build.icmp(fields) : build.icmp6(fields, e.src, e.dst));
        const echo = around(e, protocol, message({ type: four ? 8 : 128, ...f, payload }));
        expect(echo).toMatchObject({ transport: { kind: "icmp", type: four ? 8 : 128, code: 0, ...f }, checksum: "good" });
        const quoted = four ? build.ipv4({ ...e, protocol: 253, payload }) : build.ipv6({ ...e, protocol: 253, payload });
        const error = around(e, protocol, message({ type: four ? 3 : 2, code: four ? 4 : 0, mtu, quoted }));
        expect(error).toMatchObject({ transport: { mtu, quoted: { ...e, protocol: 253, payload } }, checksum: "good" });
      }),
    );
    const target = "fe80::1";
    const packet = build.icmp6({ type: 135, target }, "fe80::2", "ff02::1:ff00:1");
    expect(around({ src: (0xfe80n << 112n) | 2n, dst: (0xff02n << 112n) | 0x1ff000001n }, 58, packet)).toMatchObject({
      transport: { type: 135, target: (0xfe80n << 112n) | 1n },
      checksum: "good",
    });
  });

  it("have the index of a security association", () => {
    const inside = build.ah({ next: 17, spi: 0x01020304, payload: new Uint8Array(8) });
    expect(around({ src: 1, dst: 2 }, PROTOCOL.ah, inside).transport).toEqual({ kind: "spi", spi: 0x01020304 });
    expect(around({ src: 1, dst: 2 }, PROTOCOL.esp, build.esp({ spi: 7 })).transport).toEqual({ kind: "spi", spi: 7 });
  });

  it("are GRE packets as RFC 2890 and RFC 2637 draw them", () => {
    const payload = hex("0102");
    expect(build.gre({ payload })).toEqual(hex("00000800 0102"));
    expect(build.gre({ payload, key: 5, sequence: 6 })).toEqual(hex("30000800 00000005 00000006 0102"));
    expect(build.gre({ payload, checksum: true })).toEqual(hex("80000800 76fd0000 0102"));
    expect(build.gre({ payload, callId: 9, sequence: 1 })).toEqual(hex("3001880b 00020009 00000001 0102"));
  });

  it("lie where they are told to", () => {
    const e = { src: "10.0.0.1", dst: "10.0.0.2" };
    const payload = build.udp({ sport: 1, dport: 2, length: 99 }, e.src, e.dst);
    expect(decoded(build.ipv4({ ...e, protocol: 17, payload })).transport).toMatchObject({ length: 99 });
    expect(decodePacket(build.ipv4({ ...e, protocol: 17, payload, totalLength: 400 })).defect).toContain("400");
    expect(decodePacket(build.ipv4({ ...e, protocol: 17, payload, headerWords: 4 })).defect).toContain("16");
    const segment = build.tcp({ sport: 1, dport: 2, dataOffset: 3 }, e.src, e.dst);
    expect(decoded(build.ipv4({ ...e, protocol: 6, payload: segment })).defect).toBe("malformed");
  });

  it("travel in Ethernet frames with and without a VLAN tag", async () => {
    const packet = build.ipv4({ src: "10.0.0.1", dst: "10.0.0.2", protocol: 253, payload: hex("0102") });
    const macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"] as const;
    expect(await readFrame(build.ethernet(...macs, build.ETHER.ipv4, packet))).toMatchObject({
      ...{ dstMac: 0x020000000001, srcMac: 0x020000000002, packet: { protocol: 253 } },
    });
    expect((await readFrame(build.ethernet(...macs, build.ETHER.ipv4, packet, { id: 7, priority: 3 }))).vlans).toEqual([
      { id: 7, priority: 3, protocol: 0x8100 },
    ]);
  });
});

describe("fragments", () => {
  it("add up to the packet, and only the first keeps options that are not copied", () => {
    const e = { src: "10.0.0.1", dst: "10.0.0.2" };
    const payload = build.udp({ sport: 1, dport: 2, payload: new Uint8Array(100).map((_, i) => i) }, e.src, e.dst);
    const whole = build.ipv4({ ...e, protocol: 17, id: 7, options: hex("07070400000000 94040000 00"), payload });
    const pieces = build.fragments(whole, 72).map(decoded);
    expect(pieces.map(({ length, fragment }) => [length, fragment?.offset, fragment?.more])).toEqual([
      [72, 0, true],
      [72, 40, true],
      [60, 80, false],
    ]);
    expect(pieces.map(({ headerChecksum }) => headerChecksum)).toEqual(["good", "good", "good"]);
    expect(pieces[1]?.ipOptions).toEqual(hex("01010101010101 94040000 00"));
    expect(build.join(...pieces.map((piece) => piece.payload))).toEqual(payload);
    expect(build.fragments(whole, [8, 96]).map((piece) => decoded(piece).fragment)).toEqual([
      { offset: 0, more: true },
      { offset: 8, more: true },
      { offset: 104, more: false },
    ]);
    expect(build.fragments(whole, 1500)).toEqual([whole]);
  });
});
