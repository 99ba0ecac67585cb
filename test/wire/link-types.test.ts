import { describe, expect, it } from "vitest";
import { hex, ipv4, ipv6, readFrame } from "./pcap-bytes.ts";

const packet4 = ipv4(17, hex("0fa00009 0008 0000"));
const packet6 = ipv6(17, hex("0fa00009 0008 0000"));
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

const NULL = 0;
const ETHERNET = 1;
const LOOP = 108;
const LINUX_SLL = 113;
const LINUX_SLL2 = 276;

describe("link types", () => {
  it("reads raw IP under all its numbers", async () => {
    for (const number of [12, 14, 101, 228, 229]) {
      expect((await readFrame(packet4, number)).packet?.family).toBe(4);
      expect((await readFrame(packet6, number)).packet?.family).toBe(6);
    }
  });

  it("reads BSD loopback in both byte orders, with every system's number for IPv6", async () => {
    for (const number of [NULL, LOOP]) {
      expect(await readFrame(join(hex("02000000"), packet4), number)).toMatchObject({ packet: { family: 4 } });
      expect(await readFrame(join(hex("00000002"), packet4), number)).toMatchObject({ packet: { family: 4 } });
      for (const family of ["0a", "18", "1c", "1e"]) {
        expect((await readFrame(join(hex(`${family}000000`), packet6), number)).packet?.family).toBe(6);
        expect((await readFrame(join(hex(`000000${family}`), packet6), number)).packet?.family).toBe(6);
      }
      expect(await readFrame(join(hex("00000007"), packet4), number)).not.toHaveProperty("packet");
    }
  });

  it("reads nested VLAN tags", async () => {
    const frame = await readFrame(join(hex("0200000000a1 0200000000b2 88a8 6064 8100 0007 86dd"), packet6), ETHERNET);
    expect(frame).toMatchObject({ dstMac: 0x0200000000a1, srcMac: 0x0200000000b2, etherType: 0x86dd, packet: { family: 6 } });
    expect(frame.vlans).toEqual([
      { id: 100, priority: 3, protocol: 0x88a8 },
      { id: 7, priority: 0, protocol: 0x8100 },
    ]);
  });

  it("reads direction, device and address of cooked captures", async () => {
    const address = "0200000000b2 0000";
    expect(await readFrame(join(hex(`0004 0001 0006 ${address} 0800`), packet4), LINUX_SLL)).toMatchObject({
      linkType: "LINUX_SLL",
      type: "outgoing",
      srcMac: 0x0200000000b2,
      etherType: 0x0800,
      packet: { family: 4 },
    });
    const frame = await readFrame(join(hex(`0800 0000 00000005 0001 03 06 ${address}`), packet4), LINUX_SLL2);
    expect(frame).toMatchObject({ linkType: "LINUX_SLL2", type: "otherhost", interfaceIndex: 5, packet: { family: 4 } });
  });

  it("leaves other protocols alone", async () => {
    const arp = await readFrame(hex("ffffffffffff 0200000000b2 0806 0001 0800 0604 0001"), ETHERNET);
    expect(arp).toMatchObject({ etherType: 0x0806 });
    expect(arp).not.toHaveProperty("packet");
    expect(arp).not.toHaveProperty("defect");
  });

  it("says what is broken below IP", async () => {
    expect((await readFrame(hex("020000000001"), ETHERNET)).defect).toContain("Ethernet");
    expect((await readFrame(hex("0200000000a1 0200000000b2 8100 00"), ETHERNET)).defect).toContain("VLAN");
    expect((await readFrame(hex("00"), NULL)).defect).toContain("loopback");
    expect((await readFrame(hex("0004"), LINUX_SLL)).defect).toContain("LINUX_SLL");
    expect((await readFrame(hex("0800"), LINUX_SLL2)).defect).toContain("LINUX_SLL2");
    expect((await readFrame(join(hex("0200000000a1 0200000000b2 0800"), packet6), ETHERNET)).defect).toContain("version 6");
  });
});
