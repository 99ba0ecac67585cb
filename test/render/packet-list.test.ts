import { describe, expect, it } from "vitest";
import { frameLine, frameObject } from "../../src/render/packet-list.ts";
import { hex, ipv4, ipv6, readAll, readFrame } from "../wire/pcap-bytes.ts";
import { join, NgWriter } from "../wire/pcapng-bytes.ts";

const style = { colour: false, ascii: false, width: 200 };
const time = "2026-01-01T00:00:00.000000Z";
const arp = (operation: number) =>
  hex(`ffffffffffff 0200000000b2 0806 0001080006040 00${operation} 0200000000b2 c0000201 000000000000 c6336402`);

describe("the list of packets", () => {
  it("says who asks by ARP, and who answers", async () => {
    expect(frameLine(await readFrame(arp(1)), time, style)).toBe(
      "     1  00:00:00.000000  ARP who has 198.51.100.2? tell 192.0.2.1  42 bytes",
    );
    expect(frameLine(await readFrame(arp(2)), time, style)).toContain("ARP 192.0.2.1 is at 02:00:00:00:00:b2");
    expect(frameObject(await readFrame(arp(1)), time)).toMatchObject({
      etherType: 0x0806,
      arp: { operation: 1, sender: "192.0.2.1", senderMac: "02:00:00:00:00:b2", target: "198.51.100.2" },
    });
  });

  it("says whom neighbour discovery is about", async () => {
    const frame = await readFrame(ipv6(58, hex(`87000000 00000000 20010db8${"0".repeat(23)}2`)), 101);
    expect(frameLine(frame, time, style)).toContain("for 2001:db8::2");
    expect(frameObject(frame, time)).toMatchObject({ icmpType: 135, target: "2001:db8::2" });
  });

  it("has the ports of headers that were cut", async () => {
    const tcp = ipv4(6, hex("0fa00050 00000001 00000000 5002ffff 00000000"));
    const frame = await readFrame(tcp.subarray(0, 26), 101, tcp.length);
    expect(frameObject(frame, time)).toMatchObject({ sport: 4000, dport: 80, defect: "uncaptured" });
    expect(frameLine(frame, time, style)).toContain("192.0.2.1:4000 → 198.51.100.2:80");
  });

  it("shows the addresses of a packet that is too short for its length", async () => {
    const frame = await readFrame(ipv4(17, hex("0fa00009 0008 0000"), { length: 900 }), 101);
    expect(frameObject(frame, time)).toMatchObject({ src: "192.0.2.1", dport: 9, defect: expect.stringContaining("900") });
  });

  it("has no time where the capture has none", async () => {
    const ng = new NgWriter(true);
    const { frames } = await readAll(join(ng.section(), ng.interface(101), ng.simplePacket(ipv4(17, hex("0fa00009 0008 0000")))));
    const [frame] = frames;
    if (!frame) throw new Error("no frame");
    expect(JSON.parse(JSON.stringify(frameObject(frame, time)))).not.toHaveProperty("time");
    expect(frameLine(frame, time, style)).not.toContain("00:00:00");
  });
});
