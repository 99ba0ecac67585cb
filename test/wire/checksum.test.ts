import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressSum, sum16 } from "../../src/wire/checksum.ts";
import { sctpCrc } from "../../src/wire/crc32c.ts";
import { decodePacket } from "../../src/wire/ip.ts";
import { decodeTransport } from "../../src/wire/transport.ts";
import { hex, ipv4, ipv6 } from "./pcap-bytes.ts";

/** RFC 1071, word by word. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

function filled(packet: Uint8Array, field: number, checksum: number): Uint8Array {
  const copy = packet.slice();
  new DataView(copy.buffer).setUint16(field, checksum);
  return copy;
}

describe("the internet checksum", () => {
  it("adds up the same as word by word, at any alignment", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(7), fc.nat(7), (octets, lead, inner) => {
        const buffer = new Uint8Array(lead + inner + octets.length + 5).fill(0xa5);
        buffer.set(octets, lead + inner);
        const bytes = new Uint8Array(buffer.buffer, lead);
        expect(sum16(bytes, inner, inner + octets.length) % 0xffff).toBe(plainSum(octets) % 0xffff);
      }),
      { numRuns: 2000 },
    );
  });

  it("does not overflow on the longest packet", () => {
    expect(sum16(new Uint8Array(262_144).fill(0xff), 0, 262_144)).toBe(0xffff);
    expect(sum16(new Uint8Array(262_144).fill(0xff), 1, 262_144)).toBe(plainSum(new Uint8Array(262_143).fill(0xff)));
  });

  it("takes addresses as numbers as well as octets", () => {
    const packet = ipv6(17, new Uint8Array(0));
    const { src, dst } = decodePacket(packet).packet ?? { src: 0, dst: 0 };
    expect(addressSum(src, dst)).toBe(plainSum(packet.subarray(8, 40)));
  });
});

describe("checksums of packets", () => {
  const segment = hex("c738 0050 00000001 00000000 50 10 fde8 0000 0000 68656c6c6f");
  const packet = ipv4(6, segment);
  const field = 20 + 16;
  const pseudo = plainSum(new Uint8Array([...packet.subarray(12, 20), 0, 6, 0, segment.length]));
  const right = ~plainSum(new Uint8Array([...packet.subarray(12, 20), 0, 6, 0, segment.length, ...segment])) & 0xffff;
  const judge = (bytes: Uint8Array, wire?: number) => decodePacket(bytes, wire).packet?.checksum;

  it("tells good, bad, partial and unseen apart", () => {
    expect(judge(filled(packet, field, right))).toBe("good");
    expect(judge(filled(packet, field, right ^ 1))).toBe("bad");
    expect(judge(filled(packet, field, pseudo))).toBe("partial");
    expect(judge(filled(packet, field, right).subarray(0, packet.length - 1), packet.length)).toBe("unseen");
  });

  it("judges the IPv4 header's own", () => {
    const header = ~plainSum(packet.subarray(0, 20)) & 0xffff;
    expect(decodePacket(filled(packet, 10, header)).packet?.headerChecksum).toBe("good");
    expect(decodePacket(filled(packet, 10, header ^ 1)).packet?.headerChecksum).toBe("bad");
  });

  it("knows CRC32c of SCTP", () => {
    // RFC 3720 appendix B.4: 32 octets of zeros.
    expect(sctpCrc(new Uint8Array(32), 32, 40)).toBe(0x8a9136aa);
    const sctp = hex("0b59 0b5a 01020304 00000000 0a000004");
    new DataView(sctp.buffer).setUint32(8, sctpCrc(sctp, sctp.length, 8), true);
    expect(judge(ipv4(132, sctp))).toBe("good");
    sctp[12] = 11;
    expect(judge(ipv4(132, sctp))).toBe("bad");
  });

  it("judges ICMP without a pseudo-header and ICMPv6 with one", () => {
    const echo = hex("0800 0000 0007 0001");
    expect(judge(ipv4(1, filled(echo, 2, ~plainSum(echo) & 0xffff)))).toBe("good");
    const ping = hex("8000 0000 0007 0001");
    const whole = ipv6(58, ping);
    const sum = plainSum(new Uint8Array([...whole.subarray(8, 40), 0, 0, 0, 8, 0, 0, 0, 58, ...ping]));
    expect(judge(ipv6(58, filled(ping, 2, ~sum & 0xffff)))).toBe("good");
    expect(judge(ipv6(58, filled(ping, 2, ~plainSum(ping) & 0xffff)))).toBe("bad");
  });

  it("judges a payload with its addresses as it judges the packet", () => {
    const addresses = { src: 0xc0000201, dst: 0xc6336402 };
    expect(decodeTransport(4, 6, filled(segment, 16, right), segment.length, addresses).checksum).toBe("good");
  });
});
