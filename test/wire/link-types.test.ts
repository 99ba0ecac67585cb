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
    const lldp = await readFrame(hex("0180c200000e 0200000000b2 88cc 0207 04 0200000000b2"), ETHERNET);
    expect(lldp).toMatchObject({ etherType: 0x88cc });
    expect(lldp).not.toHaveProperty("packet");
    expect(lldp).not.toHaveProperty("defect");
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

describe("link types that carry IP behind other headers", () => {
  const cases: readonly [what: string, linkType: number, header: string][] = [
    ["PPP", 9, "ff03 0021"],
    ["PPP with a compressed header", 9, "21"],
    ["PPP in HDLC", 50, "ff03 0021"],
    ["Cisco HDLC under PPP's number", 50, "0f00 0800"],
    ["PPPoE without Ethernet", 51, "1100 0001 0022 0021"],
    ["Cisco HDLC", 104, "8f00 0800"],
    ["pppd's PPP", 166, "0003 0021"],
    ["PPP with direction", 204, "00 ff03 0021"],
    ["HDLC with direction", 205, "01 0f00 0800"],
    ["Token Ring", 6, "1040 0200000000a1 0200000000b2 aaaa03 000000 0800"],
    ["Token Ring with a source route", 6, "1040 0200000000a1 8200000000b2 0470 0011 aaaa03 000000 0800"],
    ["FDDI", 10, "50 0200000000a1 0200000000b2 aaaa03 000000 0800"],
    ["LLC over ATM", 100, "aaaa03 000000 0800"],
    ["IP over ATM", 106, ""],
    ["SLIP", 8, "00 00000000 00000000 00000000 000000"],
    ["IPsec of OpenBSD", 109, "02000000 00000000 00000000"],
    ["FireWire", 138, "0200000000a10000 0200000000b20000 0800"],
    ["Frame Relay", 107, "0481 03 cc"],
    ["Frame Relay with SNAP", 107, "0481 03 00 80 000000 0800"],
    ["Frame Relay as Cisco does it", 107, "0481 0800"],
    ["Wi-Fi data", 105, "0801 0000 0200000000c3 0200000000b2 0200000000a1 1000 aaaa03 000000 0800"],
    [
      "Wi-Fi QoS data between access points",
      105,
      "8803 0000 0200000000c3 0200000000d4 0200000000a1 1000 0200000000b2 0000 aaaa03 000000 0800",
    ],
    ["Wi-Fi behind radiotap", 127, "0000 0900 02000000 10 0801 0000 0200000000c3 0200000000b2 0200000000a1 1000 aaaa03 000000 0800"],
    [
      "Wi-Fi behind radiotap, its header padded",
      127,
      "0000 1100 03000000 0000000000000000 20 8801 0000 0200000000c3 0200000000b2 0200000000a1 1000 0000 0000 aaaa03 000000 0800",
    ],
    ["Wi-Fi behind Prism's header", 119, `${"00".repeat(144)} 0802 0000 0200000000a1 0200000000c3 0200000000b2 1000 aaaa03 000000 0800`],
    ["Wi-Fi behind AVS", 163, "80211001 0000000c 00000000 0802 0000 0200000000a1 0200000000c3 0200000000b2 1000 aaaa03 000000 0800"],
    ["PPI around PPP", 192, "0000 0800 09000000 ff03 0021"],
    ["NFLOG", 239, "0200 0000 0800 0400 00000005 2000 0900"],
    ["NFLOG of a big-endian host", 239, "0200 0000 0008 0004 00000005 0020 0009"],
    ["PFLOG", 117, `3d020000 656d3000 ${"00".repeat(52)} 02 000000`],
    ["the tag of a Broadcom switch", 281, "0200000000a1 0200000000b2 20000001 0800"],
    ["a tag in front", 282, "20000001 0200000000a1 0200000000b2 0800"],
    ["the longer tag of a Marvell switch", 285, "0200000000a1 0200000000b2 dada0000 20000000 0800"],
    ["MPLS", 1, "0200000000a1 0200000000b2 8847 00011040 00021140"],
    ["PPPoE", 1, "0200000000a1 0200000000b2 8864 1100 0001 0022 0021"],
    ["PPPoE within a VLAN", 1, "0200000000a1 0200000000b2 8100 0007 8864 1100 0001 0022 0021"],
    ["SNAP over Ethernet", 1, "0200000000a1 0200000000b2 0024 aaaa03 000000 0800"],
    ["LLC in a cooked capture", 113, "0000 0001 0006 0200000000b2 0000 0004 aaaa03 000000 0800"],
  ];
  for (const [what, number, header] of cases) {
    it(`reads ${what}`, async () => {
      const frame = await readFrame(join(hex(header), packet4), number);
      expect(frame.defect).toBeUndefined();
      expect(frame.packet).toMatchObject({ family: 4, protocol: 17, transport: { sport: 4000, dport: 9 } });
      if (frame.srcMac !== undefined) expect(frame.srcMac).toBe(0x0200000000b2);
      if (frame.dstMac !== undefined) expect(frame.dstMac).toBe(0x0200000000a1);
      // A header that is cut says so, or carries nothing; it never makes up a packet.
      const octets = hex(header);
      for (let cut = 0; cut < octets.length; cut++) {
        const part = await readFrame(octets.subarray(0, cut), number);
        expect(part.packet, `${cut}`).toBeUndefined();
      }
    });
  }

  it("says of frames whether a device takes their packet up", async () => {
    const within = async (header: string, number = 1) => (await readFrame(join(hex(header), packet4), number)).within;
    expect(await within("0200000000a1 0200000000b2 8864 1100 0001 0022 0021")).toBe("pppoe");
    expect(await within("0200000000a1 0200000000b2 8847 00011140")).toBe("mpls");
    expect(await within("0200000000a1 0200000000b2 0024 aaaa03 000000 0800")).toBe("llc");
    expect(await within("0200000000a1 0200000000b2 0800")).toBeUndefined();
    expect(await within("8f00 0800", 104)).toBeUndefined();
  });

  it("has device and direction where a link type tells them", async () => {
    expect(await readFrame(join(hex(`3d020000 656d3000 ${"00".repeat(52)} 02 000000`), packet4), 117)).toMatchObject({
      interfaceName: "em0",
      type: "outgoing",
    });
    expect((await readFrame(join(hex("0200 0000 0800 0400 00000005 2000 0900"), packet4), 239)).interfaceIndex).toBe(5);
    expect((await readFrame(join(hex("01 ff03 0021"), packet4), 204)).type).toBe("outgoing");
  });

  it("does not look into what is encrypted, aggregated or a later fragment", async () => {
    const rest = "0000 0200000000c3 0200000000b2 0200000000a1";
    for (const header of [`0841 ${rest} 1000`, `0801 ${rest} 1100`, `8801 ${rest} 1000 8000`, `4801 ${rest} 1000`, `8000 ${rest} 1000`]) {
      expect((await readFrame(join(hex(header), hex("aaaa03 000000 0800"), packet4), 105)).packet).toBeUndefined();
    }
  });

  it("reads ARP", async () => {
    const arp = "0001 0800 0604 0001 0200000000b2 c0000201 000000000000 c6336402";
    const frame = await readFrame(hex(`ffffffffffff 0200000000b2 0806 ${arp}`), ETHERNET);
    expect(frame.arp).toEqual({ operation: 1, senderMac: 0x0200000000b2, sender: 0xc0000201, targetMac: 0, target: 0xc6336402 });
    expect((await readFrame(hex(`ffffffffffff 0200000000b2 0806 ${arp.slice(0, 40)}`), ETHERNET)).defect).toContain("ARP");
  });

  it("keeps what can be read of a packet that no host takes", async () => {
    const frame = await readFrame(join(hex("0200000000a1 0200000000b2 0800"), packet4.subarray(0, -1)), ETHERNET);
    expect(frame).not.toHaveProperty("packet");
    expect(frame.defect).toContain("total length 28");
    expect(frame.refused).toMatchObject({ src: 0xc0000201, protocol: 17 });
  });
});
