import { describe, expect, it } from "vitest";
import { frameLine, frameObject } from "../../src/render/packet-list.ts";
import { tunnelOf } from "../../src/wire/tunnel.ts";
import { hex, ipv4, ipv6, packetOf, readFrame } from "./pcap-bytes.ts";
import { join } from "./pcapng-bytes.ts";

const RAW = 101;
const inner4 = ipv4(17, hex("0fa00009 0008 0000"));
const inner6 = ipv6(58, hex("80000000 00010002"));
const ethernet = join(hex("0200000000a1 0200000000b2 0800"), inner4);
const style = { colour: false, ascii: false, width: 200 };

/** A UDP datagram to a port. */
function udp(port: number, data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint16(0, 40000);
  header.setUint16(2, port);
  header.setUint16(4, 8 + data.length);
  return ipv4(17, join(new Uint8Array(header.buffer), data));
}

const tunnel = async (packet: Uint8Array) => tunnelOf(packetOf(await readFrame(packet, RAW)));
const PORTS = { transport: { sport: 4000, dport: 9 } };

describe("tunnels", () => {
  it("are told by the protocol of IP in IP", async () => {
    expect(await tunnel(ipv4(4, inner4))).toMatchObject({ kind: "ipip", inner: { packet: PORTS } });
    expect(await tunnel(ipv4(41, inner6))).toMatchObject({ kind: "6in4", inner: { packet: { family: 6, protocol: 58 } } });
    expect(await tunnel(ipv6(41, inner6))).toMatchObject({ kind: "ip6ip6", inner: { packet: { family: 6 } } });
    expect(await tunnel(ipv6(4, inner4))).toMatchObject({ kind: "ip4ip6", inner: { packet: PORTS } });
    expect(await tunnel(ipv4(137, join(hex("00011140"), inner4)))).toMatchObject({ kind: "mpls", inner: { packet: PORTS } });
  });

  it("are GRE with whatever fields its header has", async () => {
    const gre = async (header: string, data = inner4) => tunnel(ipv4(47, join(hex(header), data)));
    expect(await gre("0000 0800")).toMatchObject({ kind: "gre", inner: { packet: PORTS } });
    expect(await gre("b000 0800 00000000 0000002a 00000001")).toMatchObject({ kind: "gre", id: 42, inner: { packet: PORTS } });
    expect(await gre("0000 86dd", inner6)).toMatchObject({ inner: { packet: { family: 6 } } });
    expect(await gre("0000 6558", ethernet)).toMatchObject({ inner: { srcMac: 0x0200000000b2, packet: PORTS } });
    expect(await gre("1000 88be 00000001 1000000000000000", ethernet)).toMatchObject({ kind: "erspan", inner: { packet: PORTS } });
    expect(await gre("3081 880b 0020 0007 00000001 00000002 ff03 0021")).toMatchObject({ kind: "pptp", id: 7, inner: { packet: PORTS } });
    expect(await gre("2081 880b 0000 0007 00000002", new Uint8Array(0))).toEqual({ kind: "pptp", id: 7 });
  });

  it("are VXLAN and Geneve with their network", async () => {
    for (const port of [4789, 8472]) {
      const packet = udp(port, join(hex("08000000 00002a00"), ethernet));
      expect(await tunnel(packet)).toMatchObject({ kind: "vxlan", id: 42, inner: { dstMac: 0x0200000000a1, packet: PORTS } });
    }
    expect(await tunnel(udp(4789, hex("00000000 00002a00")))).toBeUndefined();
    const geneve = udp(6081, join(hex("0100 6558 00002a00 01020304"), ethernet));
    expect(await tunnel(geneve)).toMatchObject({ kind: "geneve", id: 42, inner: { packet: PORTS } });
  });

  it("are WireGuard by the form of its messages", async () => {
    const message = async (type: number, length: number, port = 51820) => {
      const data = new Uint8Array(length);
      data[0] = type;
      return (await tunnel(udp(port, data)))?.message;
    };
    expect(await message(1, 148, 9999)).toBe("handshake initiation");
    expect(await message(2, 92)).toBe("handshake response");
    expect(await message(3, 64)).toBe("cookie reply");
    expect(await message(4, 32)).toBe("keepalive");
    expect(await message(4, 128)).toBe("data");
    expect(await message(4, 128, 9999)).toBeUndefined();
    expect(await message(4, 127)).toBeUndefined();
    expect(await message(1, 147)).toBeUndefined();
  });

  it("never throw, wherever the packet is cut", async () => {
    const packets = [
      udp(4789, join(hex("08000000 00002a00"), ethernet)),
      udp(6081, join(hex("3f00 6558 00002a00"), ethernet)),
      ipv4(47, join(hex("b000 6558 00000000 0000002a 00000001"), ethernet)),
      ipv4(47, hex("3081 880b 0020 0007 00000001 00000002 ff03 0021")),
      ipv4(4, ipv4(4, ipv4(4, inner4))),
    ];
    for (const packet of packets) {
      for (let cut = 20; cut < packet.length; cut++) {
        const frame = await readFrame(packet.subarray(0, cut), RAW, packet.length);
        expect(frameLine(frame, "2026-01-01T00:00:00.000000Z", style)).toContain("192.0.2.1");
        expect(tunnelOf(packetOf(frame))?.inner?.packet?.dst ?? 0xc6336402).toBe(0xc6336402);
      }
    }
  });

  it("are shown with what they carry, three deep", async () => {
    const time = "2026-01-01T00:00:00.000000Z";
    const vxlan = await readFrame(udp(4789, join(hex("08000000 00002a00"), ethernet)), RAW);
    expect(frameLine(vxlan, time, style)).toContain(
      "udp 192.0.2.1:40000 → 198.51.100.2:4789 ttl 64 {vxlan 42: udp 192.0.2.1:4000 → 198.51.100.2:9 ttl 64}  78 bytes",
    );
    expect(frameObject(vxlan, time)).toMatchObject({
      dport: 4789,
      tunnel: { kind: "vxlan", id: 42, inner: { srcMac: "02:00:00:00:00:b2", protocol: "udp", dport: 9 } },
    });
    const nested = await readFrame(ipv4(4, ipv4(4, ipv4(4, ipv4(4, inner4)))), RAW);
    expect(frameLine(nested, time, style).split("ipip:")).toHaveLength(4);
  });
});
