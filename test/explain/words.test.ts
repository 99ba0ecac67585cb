import { describe, expect, it } from "vitest";
import { count, duration, icmpWords, list, packetTitle, tcpFlagWords } from "../../src/explain/words.ts";
import { parseAddress } from "../../src/model/address.ts";
import { formatEndpoint } from "../../src/model/endpoint.ts";
import { makePacket } from "../../src/wire/made-packet.ts";

const address = (text: string) => parseAddress(text) ?? 0;

describe("words", () => {
  it("puts IPv6 addresses in brackets when a port follows", () => {
    expect(formatEndpoint(address("2001:db8::1"), 80)).toBe("[2001:db8::1]:80");
    expect(formatEndpoint(address("192.0.2.1"), 80)).toBe("192.0.2.1:80");
    expect(formatEndpoint(address("2001:db8::1"), undefined)).toBe("2001:db8::1");
  });

  it("names a packet by protocol and endpoints", () => {
    const ends = { src: address("192.0.2.1"), dst: address("192.0.2.2") };
    expect(packetTitle(makePacket({ ...ends, protocol: 6, sport: 1, dport: 22 }))).toBe("tcp 192.0.2.1:1 → 192.0.2.2:22");
    expect(packetTitle(makePacket({ ...ends, protocol: 1, icmp: { type: 8, code: 0 } }))).toBe("icmp echo request 192.0.2.1 → 192.0.2.2");
    expect(packetTitle(makePacket({ ...ends, protocol: 99 }))).toBe("protocol 99 192.0.2.1 → 192.0.2.2");
    expect(packetTitle({ ...makePacket({ ...ends, protocol: 17 }), fragment: { offset: 800, more: false } })).toContain(
      "(fragment at octet 800)",
    );
  });

  it("says which error an ICMP message is", () => {
    const packet = makePacket({ src: address("192.0.2.1"), dst: address("192.0.2.2"), protocol: 1, icmp: { type: 3, code: 4 } });
    expect(packet.transport?.kind === "icmp" && icmpWords(packet, packet.transport)).toBe("fragmentation needed");
    const six = makePacket({ src: address("fe80::1"), dst: address("fe80::2"), protocol: 58, icmp: { type: 1, code: 4 } });
    expect(six.transport?.kind === "icmp" && icmpWords(six, six.transport)).toBe("port unreachable");
  });

  it("lists and counts as a person does", () => {
    expect(list(["a"])).toBe("a");
    expect(list(["a", "b", "c"])).toBe("a, b and c");
    expect(list(["a", "b"], "or")).toBe("a or b");
    expect(count(1, "packet")).toBe("1 packet");
    expect(count(1204, "packet")).toBe("1,204 packets");
    expect(tcpFlagWords(0x12)).toBe("SYN,ACK");
    expect(tcpFlagWords(0)).toBe("none");
  });

  it("picks the unit of a duration", () => {
    expect(duration(4_000n)).toBe("4 µs");
    expect(duration(30_000n)).toBe("0.03 ms");
    expect(duration(120_000_000n)).toBe("120 ms");
    expect(duration(1_250_000_000n)).toBe("1.3 s");
  });
});
