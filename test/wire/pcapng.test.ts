import { readdirSync, readFileSync } from "node:fs";
import { join as path } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "../../src/model/packet.ts";
import { readRecords } from "../../src/wire/capture.ts";
import { rowsOf } from "./glances.ts";
import { hex, inPieces, ipv4, pcapFile, readAll } from "./pcap-bytes.ts";
import { join, NgWriter } from "./pcapng-bytes.ts";

const udp = ipv4(17, hex("0fa00009000d0000 68656c6c6f"));
const ethernet = join(hex("020000000001 020000000002 0800"), udp);
const SECOND = 1_795_273_705n;
const ETHERNET = 1;
const RAW = 101;
const SLL2 = 276;
const name = (text: string) => [2, Buffer.from(text)] as const;
const resolution = (value: number) => [9, Uint8Array.of(value)] as const;
const orders = [new NgWriter(true), new NgWriter(false)];
const [little, big] = orders as [NgWriter, NgWriter];

/** Frames without what only pcapng says of them. */
const bare = (frames: readonly Frame[]) => frames.map(({ interfaceName: _, ...frame }) => frame);

describe("pcapng", () => {
  for (const [i, ng] of orders.entries()) {
    it(`reads sections, interfaces and packets of all kinds, ${i ? "big" : "little"}-endian`, async () => {
      const file = join(
        ng.section([[4, Buffer.from("some program")]]),
        ng.interface(ETHERNET, [name("eth0"), [3, Buffer.from("a description")]]),
        ng.interface(RAW, [name("tun1"), resolution(9)]),
        ng.packet({ data: ethernet, ticks: SECOND * 1_000_000n + 123_456n }),
        ng.packet({ data: udp, interface: 1, ticks: SECOND * 1_000_000_000n + 7n, length: 1500, flags: 2 }),
        ng.oldPacket({ data: ethernet, ticks: SECOND * 1_000_000n, flags: 0x11 }),
        ng.simplePacket(ethernet.subarray(0, 33), 60),
      );
      const { frames, digits, problem } = await readAll(file);
      expect(problem).toBeUndefined();
      expect(digits).toBe(9);
      expect(frames).toMatchObject([
        { number: 1, interfaceName: "eth0", linkType: "EN10MB", time: SECOND * 1_000_000_000n + 123_456_000n, packet: { protocol: 17 } },
        { number: 2, interfaceName: "tun1", linkType: "RAW", time: SECOND * 1_000_000_000n + 7n, type: "outgoing", length: 1500 },
        { number: 3, interfaceName: "eth0", type: "otherhost", captured: ethernet.length },
        { number: 4, interfaceName: "eth0", untimed: true, captured: 36, length: 60 },
      ]);
      expect(frames[0]).not.toHaveProperty("type");
      expect(frames[3]?.time).toBe(frames[2]?.time);
    });
  }

  it("starts anew with each section, whatever its byte order", async () => {
    const section = (ng: NgWriter, device: string) => [ng.section(), ng.interface(ETHERNET, [name(device)]), ng.packet({ data: ethernet })];
    const { frames, problem } = await readAll(join(...section(little, "eth0"), ...section(big, "eth1"), ...section(little, "eth2")));
    expect(problem).toBeUndefined();
    expect(frames.map((frame) => frame.interfaceName)).toEqual(["eth0", "eth1", "eth2"]);
  });

  it("passes over every other block, however long", async () => {
    const others = [4, 5, 10, 0x0bad, 0x80000001].map((type, i) => little.block(type, new Uint8Array(i * 1001)));
    const packet = little.packet({ data: ethernet });
    const file = join(little.section(), little.interface(ETHERNET), ...others.flatMap((other) => [other, packet]));
    for (const size of [1, 100, 65536]) {
      const { frames, problem } = await readAll(file, size);
      expect(problem).toBeUndefined();
      expect(frames).toHaveLength(5);
    }
  });

  it("reads the clocks of interfaces", async () => {
    const at = async (ticks: bigint, ...options: Parameters<NgWriter["interface"]>[1] & object[]) => {
      const { frames } = await readAll(join(big.section(), big.interface(RAW, options), big.packet({ data: udp, ticks })));
      return frames[0]?.untimed ? undefined : frames[0]?.time;
    };
    expect(await at(SECOND, resolution(0))).toBe(SECOND * 1_000_000_000n);
    expect(await at(SECOND * 1000n + 5n, resolution(3))).toBe(SECOND * 1_000_000_000n + 5_000_000n);
    expect(await at(5000n * 1_000_000_000_000n + 5999n, resolution(12))).toBe(5000n * 1_000_000_000n + 5n);
    expect(await at(SECOND * 1024n + 512n, resolution(0x8a))).toBe(SECOND * 1_000_000_000n + 500_000_000n);
    expect(await at(7_000_000n, [14, big.numbers(32, -3600n)])).toBe(-3593n * 1_000_000_000n);
    // Years that RFC 3339 cannot write.
    expect(await at(0xffff_ffff_ffffn, resolution(0))).toBeUndefined();
    expect(await at(7n, [14, big.numbers(32, 1n << 62n)])).toBeUndefined();
  });

  it("has the direction and reception of flags", async () => {
    const types = async (...flags: number[]) => {
      const packets = flags.map((value) => little.packet({ data: ethernet, flags: value }));
      return (await readAll(join(little.section(), little.interface(ETHERNET), ...packets))).frames.map((frame) => frame.type);
    };
    expect(await types(0, 1, 5, 9, 13, 17, 2, 6)).toEqual([
      undefined,
      undefined,
      "host",
      "multicast",
      "broadcast",
      "otherhost",
      "outgoing",
      "outgoing",
    ]);
  });

  it("leaves the device of a capture of all devices to each packet", async () => {
    const data = join(hex("0800 0000 00000005 0001 04 06 0200000000b2 0000"), udp);
    const { frames } = await readAll(join(little.section(), little.interface(SLL2, [name("any")]), little.packet({ data })));
    expect(frames[0]).toMatchObject({ interfaceIndex: 5, type: "outgoing" });
    expect(frames[0]).not.toHaveProperty("interfaceName");
  });

  it("lets no name of an interface write to a terminal", async () => {
    const { frames } = await readAll(join(little.section(), little.interface(RAW, [name("a\u001b[2Jb")]), little.packet({ data: udp })));
    expect(frames[0]?.interfaceName).toBe("a?[2Jb");
  });

  it("cuts a simple packet at the snap length", async () => {
    const file = join(little.section(), little.interface(RAW, [], 30), little.simplePacket(udp.subarray(0, 30), udp.length));
    expect((await readAll(file)).frames[0]).toMatchObject({ captured: 30, length: udp.length });
  });
});

describe("the same packets as pcap and as pcapng", () => {
  it("decode the same in both byte orders, split at every octet", async () => {
    const whole = await readAll(pcapFile([0, 1, 20, 33, 47].map((n, i) => ({ data: ethernet.subarray(0, n), length: 60, seconds: i }))));
    for (const ng of orders) {
      const packets = [0, 1, 20, 33, 47].map((n, i) =>
        ng.packet({ data: ethernet.subarray(0, n), length: 60, ticks: BigInt(i) * 1_000_000n }),
      );
      const file = join(ng.section(), ng.interface(ETHERNET), ng.block(5, hex("01")), ...packets);
      for (let size = 1; size <= file.length; size++) expect(await readAll(file, size), String(size)).toEqual(whole);
    }
  });

  it("decode the same, any packets of any link type", async () => {
    const packet = fc.record({
      data: fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(ethernet, udp)),
      seconds: fc.nat(0x7fffffff),
      fraction: fc.nat(999_999),
      more: fc.nat(100),
    });
    const linkType = fc.constantFrom(0, 1, 9, 101, 105, 107, 113, 127, 239, 276);
    const property = fc.asyncProperty(fc.array(packet, { maxLength: 10 }), linkType, fc.boolean(), fc.integer({ min: 1, max: 200 }), check);
    async function check(
      packets: { data: Uint8Array; seconds: number; fraction: number; more: number }[],
      type: number,
      le: boolean,
      size: number,
    ) {
      const classic = pcapFile(
        packets.map(({ more, ...rest }) => ({ ...rest, length: rest.data.length + more })),
        { linkType: type, big: le },
      );
      const ng = new NgWriter(le);
      const blocks = packets.map(({ data, seconds, fraction, more }) =>
        ng.packet({ data, ticks: BigInt(seconds) * 1_000_000n + BigInt(fraction), length: data.length + more }),
      );
      expect(await readAll(join(ng.section(), ng.interface(type), ...blocks), size)).toEqual(await readAll(classic));
    }
    await fc.assert(property, { numRuns: 200 });
  });

  const folder = path(import.meta.dirname, "captures");
  for (const file of readdirSync(folder).filter((entry) => entry.endsWith(".pcap"))) {
    it(`decode the same as recorded: ${file}`, async () => {
      const octets = readFileSync(path(folder, file));
      const number = octets.readUInt32LE(20);
      const whole = await readAll(octets);
      const blocks: Uint8Array[] = [];
      for await (const { records } of readRecords(inPieces(octets))) {
        for (const { data, length, time } of rowsOf(records)) blocks.push(big.packet({ data, length, ticks: time }));
      }
      const { frames, problem } = await readAll(join(big.section(), big.interface(number, [name("eth0"), resolution(9)]), ...blocks));
      expect(problem).toBeUndefined();
      expect(frames.every((frame) => frame.interfaceName === "eth0")).toBe(true);
      expect(bare(frames)).toEqual(whole.frames);
    });
  }
});

describe("damage of pcapng", () => {
  const head = join(little.section(), little.interface(ETHERNET), little.packet({ data: ethernet }));
  const tail = little.packet({ data: ethernet });
  const broken = async (...blocks: Uint8Array[]) => {
    const { frames, broken: how, problem } = await readAll(join(head, ...blocks, tail));
    expect(how).toBe("damaged");
    expect(frames).toHaveLength(1);
    expect(problem?.offset).toBe(head.length);
    return problem?.message;
  };

  it("gives every whole packet before a cut at any octet, then where it broke off", async () => {
    const skipped = little.block(5, new Uint8Array(20));
    const blocks = [little.section(), little.interface(ETHERNET), tail, skipped, tail];
    const file = join(...blocks);
    const starts = blocks.map((_, i) => join(...blocks.slice(0, i)).length);
    for (let cut = 28; cut < file.length; cut++) {
      const start = starts.filter((at) => at <= cut).at(-1) ?? 0;
      for (const size of [7, 1000]) {
        const { frames, problem, broken: how } = await readAll(file.subarray(0, cut), size);
        const packets = [2, 4].filter((i) => (starts[i + 1] ?? file.length) <= cut).length;
        expect(frames, String(cut)).toHaveLength(packets);
        if (cut === start) expect(problem).toBeUndefined();
        else expect([how, problem?.offset]).toEqual(["damaged", start]);
      }
    }
    for (let cut = 1; cut < 28; cut++) expect(await readAll(file.subarray(0, cut))).toMatchObject({ frames: [], broken: "input" });
  });

  it("says which block is broken, and how", async () => {
    const word = (block: Uint8Array, at: number, value: number) => {
      new DataView(block.buffer).setUint32(at, value, true);
      return block;
    };
    expect(await broken(word(tail.slice(), 4, 8))).toContain("length of 8");
    expect(await broken(word(tail.slice(), 4, tail.length - 1))).toContain("multiple of 4");
    expect(await broken(word(tail.slice(), tail.length - 4, 1))).toContain("at its end");
    expect(await broken(word(tail.slice(), 4, 0x7ffffff0))).toContain("more than any");
    expect(await broken(word(little.block(5, new Uint8Array(8)), 16, 0))).toContain("at its end");
    expect(await broken(little.packet({ data: ethernet, interface: 7 }))).toContain("interface 7");
    expect(await broken(little.packet({ data: ethernet, captured: 52 }))).toContain("captured length of 52");
    expect(await broken(little.packet({ data: ethernet, captured: 0x7fffffff }))).toContain("packet 2");
    expect(await broken(little.section([], [2, 0]))).toContain("version 2.0");
    expect(await broken(word(little.section(), 8, 0x01020304))).toContain("byte order");
    const long = little.interface(RAW, [name("eth0")]);
    new DataView(long.buffer).setUint16(18, 400, true);
    expect(await broken(long)).toContain("option");
    expect(await broken(word(little.block(5, new Uint8Array(8)), 4, 0xfffffff0))).toContain("breaks off");
  });

  it("holds no more interfaces than any section has", async () => {
    const one = little.interface(RAW);
    const file = join(little.section(), ...Array<Uint8Array>(65_537).fill(one));
    const { problem } = await readAll(file);
    expect(problem).toMatchObject({ offset: file.length - one.length, message: expect.stringContaining("65536") });
  });

  it("never throws, whatever is wrong", async () => {
    const file = join(head, little.simplePacket(ethernet), little.oldPacket({ data: ethernet, flags: 2 }), tail);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 8 }), async (changes) => {
        const damaged = file.slice();
        for (const [at, octet] of changes) damaged[at] = octet;
        const { frames, problem, broken: how } = await readAll(damaged, 50);
        expect(frames.length).toBeLessThanOrEqual(file.length / 16);
        expect(problem === undefined).toBe(how === undefined);
      }),
      { numRuns: 500 },
    );
  });
});
