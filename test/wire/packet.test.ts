import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/model/address.ts";
import type { Transport } from "../../src/model/packet.ts";
import { decodePacket } from "../../src/wire/ip.ts";
import { decodeTransport } from "../../src/wire/transport.ts";
import { hex, ipv4, ipv6, packetOf, readFrame } from "./pcap-bytes.ts";

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const MORE_FRAGMENTS = 0x2000;

// A SYN with MSS, SACK permitted, timestamps, NOP and window scale.
const syn = hex("c738 0050 00000001 00000000 a0 02 fde8 0000 0000 0204 05b4 0402 080a 00000001 00000000 01 0303 07");
const echo = hex("0800 0000 0007 0001 6162");

const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function decode(bytes: Uint8Array, wireLength?: number) {
  const { packet, defect } = decodePacket(bytes, wireLength);
  if (!packet) throw new Error(defect);
  return packet;
}

function quotedIn(transport: Transport | undefined) {
  return transport?.kind === "icmp" ? transport.quoted : undefined;
}

describe("IPv4", () => {
  it("gives the header's fields", () => {
    expect(decode(ipv4(UDP, hex("0fa00009000d0000 68656c6c6f"), { fragment: 0x4000 }))).toMatchObject({
      family: 4,
      src: 0xc0000201,
      dst: 0xc6336402,
      protocol: UDP,
      ttl: 64,
      tos: 0,
      id: 0x1234,
      length: 33,
      headerLength: 20,
      dontFragment: true,
      transport: { kind: "udp", sport: 4000, dport: 9, length: 13 },
      checksum: "absent",
      headerChecksum: "bad",
    });
  });

  it("skips options and keeps them", () => {
    const options = hex("0704 0400");
    const packet = decode(join(hex("46000026 1234 0000 4001 0000 c0000201 c6336402"), options, echo, hex("0000 0000")));
    expect(packet).toMatchObject({ headerLength: 24, transport: { kind: "icmp", type: 8, id: 7, sequence: 1 } });
    expect(packet.ipOptions).toEqual(options);
  });

  it("drops Ethernet padding behind the packet", async () => {
    const frame = await readFrame(join(hex("020000000001 020000000002 0800"), ipv4(ICMP, echo), new Uint8Array(16)));
    expect(packetOf(frame).payload).toEqual(echo);
  });

  it("takes the frame's length where segmentation offload left none", () => {
    const packet = decode(ipv4(TCP, join(syn, new Uint8Array(3000)), { length: 0 }));
    expect(packet).toMatchObject({ length: 20 + syn.length + 3000, transport: { kind: "tcp", flags: 2 } });
  });

  it("decodes only the first fragment's transport header", () => {
    const first = decode(ipv4(UDP, hex("0fa00009 1000 abcd 0000"), { fragment: MORE_FRAGMENTS }));
    expect(first).toMatchObject({ fragment: { offset: 0, more: true }, transport: { kind: "udp", sport: 4000 }, checksum: "unseen" });
    const later = decode(ipv4(UDP, hex("0fa00009 1000 0000 0000"), { fragment: 185 }));
    expect(later.fragment).toEqual({ offset: 1480, more: false });
    expect(later).not.toHaveProperty("transport");
    expect(later).not.toHaveProperty("defect");
  });

  it("says in words what is wrong with a header", () => {
    expect(decodePacket(hex("44000014 00000000 40060000 c0000201 c6336402")).defect).toContain("header length 16");
    expect(decodePacket(ipv4(UDP, echo, { length: 19 })).defect).toContain("total length 19");
    expect(decodePacket(ipv4(UDP, echo, { length: 100 })).defect).toContain("total length 100");
    expect(decodePacket(hex("50")).defect).toContain("version 5");
    expect(decodePacket(hex("4500")).defect).toContain("20 octets");
    expect(decodePacket(hex("4500"), 100).defect).toContain("captured");
    expect(decodePacket(new Uint8Array(0)).defect).toContain("ends");
  });
});

describe("IPv6", () => {
  it("gives the header's fields", () => {
    const packet = decode(ipv6(ICMPV6, hex("8000 0000 0007 0001")));
    expect(formatAddress(packet.src)).toBe("2001:db8::1");
    expect(formatAddress(packet.dst)).toBe("2001:db8::2");
    expect(packet).toMatchObject({
      protocol: ICMPV6,
      ttl: 64,
      length: 48,
      headerLength: 40,
      transport: { kind: "icmp", type: 128, id: 7 },
    });
  });

  it("walks extension headers in any order", () => {
    const udp = hex("0fa00009 0008 0000");
    const routing = hex("3c00 0400 00000000");
    const destination = hex("3300 0104 00000000");
    const authentication = hex("0004 0000 00000001 00000002 00000000 00000000 00000000");
    const hop = hex("1100 0502 0000 0100");
    const packet = decode(ipv6(43, join(routing, destination, authentication, hop, udp)));
    expect(packet.extensionHeaders).toEqual(["routing", "destination", "ah", "hop-by-hop"]);
    expect(packet).toMatchObject({ protocol: UDP, headerLength: 40 + 48, transport: { kind: "udp", dport: 9 } });
  });

  it("knows fragments, and whole packets with a fragment header", () => {
    const data = hex("0fa00009 0010 0000");
    const first = decode(ipv6(44, join(hex("1100 0001 0000beef"), data)));
    expect(first).toMatchObject({ id: 0xbeef, fragment: { offset: 0, more: true }, transport: { kind: "udp" }, checksum: "unseen" });
    const later = decode(ipv6(44, join(hex("1100 05a8 0000beef"), data)));
    expect(later).toMatchObject({ protocol: UDP, fragment: { offset: 1448, more: false }, payload: data });
    expect(later).not.toHaveProperty("transport");
    const atomic = decode(ipv6(44, join(hex("1100 0000 0000beef"), data)));
    expect(atomic).toMatchObject({ extensionHeaders: ["fragment"], transport: { kind: "udp" } });
    expect(atomic).not.toHaveProperty("fragment");
    const nested = decode(ipv6(44, join(hex("2c00 0001 0000beef"), hex("1100 0000 00000001"), data)));
    expect(nested).toMatchObject({ id: 0xbeef, fragment: { offset: 0, more: true }, extensionHeaders: ["fragment", "fragment"] });
  });

  it("says where the chain of headers breaks off", () => {
    const cut = join(ipv6(0, new Uint8Array(64))).subarray(0, 44);
    expect(decode(cut, 104)).toMatchObject({ protocol: 0, defect: "uncaptured" });
    expect(decode(ipv6(0, hex("1105 0000 00000000")))).toMatchObject({ protocol: 0, defect: "malformed" });
    expect(decode(ipv6(60, hex("1100")))).toMatchObject({ defect: "short" });
    expect(decode(ipv6(59, hex("1100")))).not.toHaveProperty("defect");
  });
});

describe("TCP", () => {
  it("gives header and options", () => {
    const { transport } = decode(ipv4(TCP, syn));
    expect(transport).toMatchObject({ sport: 51000, dport: 80, seq: 1, ack: 0, flags: 2, window: 65000, headerLength: 40 });
    const options = transport?.kind === "tcp" ? transport.options : [];
    expect(options.map((option) => option.kind)).toEqual([2, 4, 8, 1, 3]);
    expect(options[0]?.data).toEqual(hex("05b4"));
  });

  it("tells short, malformed and uncaptured headers", () => {
    expect(decode(ipv4(TCP, syn.subarray(0, 12))).defect).toBe("short");
    expect(decode(ipv4(TCP, syn, { length: 60 }).subarray(0, 32), 60).defect).toBe("uncaptured");
    for (const offset of [0x40, 0xf0]) {
      const bad = syn.slice();
      bad[12] = offset;
      const packet = decode(ipv4(TCP, bad));
      expect(packet.defect).toBe("malformed");
      expect(packet).not.toHaveProperty("transport");
    }
  });

  it("ends options at nonsense", () => {
    for (const options of ["02 00 0000", "02 01 0000", "02 ff 0000"]) {
      const { transport } = decode(ipv4(TCP, join(hex("c738 0050 00000001 00000000 60 02 fde8 0000 0000"), hex(options))));
      expect(transport).toMatchObject({ headerLength: 24, options: [] });
    }
  });
});

describe("other protocols", () => {
  it("gives SCTP's tag and chunks", () => {
    const packet = decode(ipv4(132, hex("0b59 0b5a 01020304 00000000 01000005 aa000000 0a000004 03")));
    expect(packet.transport).toEqual({ kind: "sctp", sport: 2905, dport: 2906, tag: 0x01020304, chunks: [1, 10] });
    expect(packet.checksum).toBe("partial");
  });

  it("gives the ports of DCCP and UDP-Lite, and the index of ESP and AH", () => {
    expect(decode(ipv4(33, hex("0b59 0b5a 03000000 00000000"))).transport).toEqual({ kind: "ports", sport: 2905, dport: 2906 });
    expect(decode(ipv4(136, hex("0b59 0b5a 00080000"))).transport).toEqual({ kind: "ports", sport: 2905, dport: 2906 });
    expect(decode(ipv4(50, hex("01020304 00000001"))).transport).toEqual({ kind: "spi", spi: 0x01020304 });
    expect(decode(ipv4(51, hex("06040000 01020304 00000001"))).transport).toEqual({ kind: "spi", spi: 0x01020304 });
    expect(decode(ipv4(47, hex("00000800")))).not.toHaveProperty("defect");
  });

  it("gives the target of neighbour discovery, the MTU of packet too big and the pointer of a parameter problem", () => {
    const target = hex("20010db8000000000000000000000009");
    const solicitation = decode(ipv6(ICMPV6, join(hex("8700 0000 00000000"), target))).transport;
    expect(solicitation?.kind === "icmp" && solicitation.target !== undefined && formatAddress(solicitation.target)).toBe("2001:db8::9");
    expect(decode(ipv6(ICMPV6, hex("0200 0000 00000500"))).transport).toMatchObject({ type: 2, mtu: 1280 });
    expect(decode(ipv6(ICMPV6, hex("0402 0000 00000130"))).transport).toMatchObject({ type: 4, code: 2, pointer: 304 });
    expect(decode(ipv4(ICMP, hex("0304 0000 0000 05dc"))).transport).toMatchObject({ type: 3, code: 4, mtu: 1500 });
  });
});

describe("the packet quoted in an ICMP error", () => {
  it("has its ports though only eight octets of it are there", () => {
    const quote = ipv4(TCP, syn.subarray(0, 8), { length: 60 });
    const quoted = quotedIn(decode(ipv4(ICMP, join(hex("0303 0000 00000000"), quote))).transport);
    expect(quoted).toMatchObject({ length: 60, protocol: TCP, checksum: "unseen" });
    expect(quoted?.transport).toMatchObject({
      kind: "tcp",
      sport: 51000,
      dport: 80,
      seq: 1,
      ack: 0,
      flags: 0,
      window: 0,
      headerLength: 20,
    });
  });

  it("is there in ICMPv6 too", () => {
    const quote = ipv6(UDP, hex("0fa00009 0008 0000"));
    const quoted = quotedIn(decode(ipv6(ICMPV6, join(hex("0104 0000 00000000"), quote))).transport);
    expect(quoted).toMatchObject({ family: 6, transport: { kind: "udp", sport: 4000, dport: 9 } });
  });

  it("ends before the extensions behind it (RFC 4884)", () => {
    const quote = join(ipv4(UDP, hex("0fa00009 0100 0000"), { length: 276 }), new Uint8Array(100));
    const error = join(hex("0b00 0000 0020 0000"), quote, hex("2000 0000 0008 0101 00000000"));
    expect(quotedIn(decode(ipv4(ICMP, error)).transport)?.payload.length).toBe(108);
  });

  it("is not followed for ever", () => {
    let packet = ipv4(UDP, hex("0fa00009 0008 0000"));
    for (let i = 0; i < 2000; i++) packet = ipv4(ICMP, join(hex("0303 0000 00000000"), packet));
    let depth = 0;
    for (let quoted = quotedIn(decode(packet).transport); quoted; quoted = quotedIn(quoted.transport)) depth++;
    expect(depth).toBe(2);
  });
});

describe("a reassembled datagram", () => {
  it("is decoded from its payload alone", () => {
    const payload = hex("0fa00009 000d 0000 68656c6c6f");
    const whole = decode(ipv4(UDP, payload));
    const alone = decodeTransport(4, UDP, payload, payload.length, whole);
    expect(alone).toEqual({ transport: whole.transport, checksum: "absent" });
    expect(decodeTransport(4, UDP, payload.subarray(0, 4), 4, whole)).toEqual({ defect: "short" });
    expect(decodeTransport(4, 47, payload, payload.length, whole)).toEqual({});
  });
});
