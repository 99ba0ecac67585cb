import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { looksLikeCapture, readCapture } from "../../src/wire/capture.ts";
import { hex, inPieces, ipv4, type PcapPacket, packetOf, pcapFile, readAll } from "./pcap-bytes.ts";

const NANOSECONDS = 0xa1b23c4d;
const MODIFIED = 0xa1b2cd34;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

const udp = ipv4(17, hex("0fa00009000d0000 68656c6c6f"));
const ethernet = new Uint8Array(Buffer.concat([hex("020000000001 020000000002 0800"), udp]));

describe("classic pcap", () => {
  for (const big of [false, true]) {
    it(`reads micro- and nanoseconds, ${big ? "big" : "little"}-endian`, async () => {
      const packet = { data: ethernet, seconds: 1795273705, fraction: 292605 };
      const micro = await readAll(pcapFile([packet], { big }));
      expect(micro).toMatchObject({ digits: 6, frames: [{ number: 1, time: 1795273705_292605000n, linkType: "EN10MB" }] });
      const nano = await readAll(pcapFile([packet], { big, magic: NANOSECONDS }));
      expect(nano).toMatchObject({ digits: 9, frames: [{ time: 1795273705_000292605n }] });
    });
  }

  it("reads device and direction of Kuznetzov's format", async () => {
    const file = pcapFile([{ data: ethernet }, { data: ethernet }], { magic: MODIFIED, extra: hex("07000000 0008 04 00") });
    const { frames, problem } = await readAll(file);
    expect(problem).toBeUndefined();
    expect(frames).toHaveLength(2);
    expect(frames[1]).toMatchObject({ interfaceIndex: 7, type: "outgoing", packet: { protocol: 17 } });
  });

  it("swaps the lengths of versions before 2.3", async () => {
    const file = pcapFile([{ data: ethernet, captured: 1500, length: ethernet.length }], { version: [2, 2] });
    expect((await readAll(file)).frames[0]).toMatchObject({ captured: ethernet.length, length: 1500 });
  });

  it("ignores the length of the frame check sequence in the link type", async () => {
    expect((await readAll(pcapFile([{ data: ethernet }], { linkType: 0x44000001 }))).frames[0]?.packet?.protocol).toBe(17);
  });

  it("reads a version that is not known as the current one, and says so at the end", async () => {
    for (const version of [
      [2, 5],
      [9, 9],
    ] as const) {
      const { frames, problem, broken } = await readAll(pcapFile([{ data: ethernet }, { data: ethernet }], { version }));
      expect(frames).toHaveLength(2);
      expect(broken).toBe("damaged");
      expect(problem).toMatchObject({ offset: 4, message: expect.stringContaining(`version ${version.join(".")}`) });
    }
  });

  it("counts the frames of link types that it cannot decode", async () => {
    const { frames, problem } = await readAll(pcapFile([{ data: ethernet }, { data: new Uint8Array(0) }], { linkType: 189 }));
    expect(problem).toBeUndefined();
    expect(frames).toMatchObject([
      { linkType: "USB_LINUX", captured: ethernet.length },
      { linkType: "USB_LINUX", captured: 0 },
    ]);
    expect((await readAll(pcapFile([{ data: ethernet }], { linkType: 4711 }))).frames[0]).toMatchObject({ linkType: "4711" });
  });

  it("holds little more of the capture than a packet itself with it", async () => {
    const sizes = Array.from({ length: 3000 }, (_, i) => (i === 1500 ? 40_000 : (i * 37) % 1400));
    const bodies = sizes.map((size, i) => new Uint8Array(size).fill(i & 0xff));
    const file = pcapFile(bodies.map((body) => ({ data: new Uint8Array(Buffer.concat([ethernet.subarray(0, 14), ipv4(253, body)])) })));
    expect(file.length).toBeGreaterThan(2_000_000);
    const { frames, problem } = await readAll(file, file.length);
    expect(problem).toBeUndefined();
    const packets = frames.map(packetOf);
    expect(packets.map(({ payload }) => payload.buffer.byteLength).filter((held) => held > 16_384)).toEqual([40_034]);
    expect(Buffer.concat(packets.map(({ payload }) => payload)).equals(Buffer.concat(bodies))).toBe(true);
  });

  it("gives what has come while more of the capture is awaited", async () => {
    const file = pcapFile([{ data: ethernet }, { data: ethernet }, { data: ethernet }]);
    const second = FILE_HEADER + RECORD_HEADER + ethernet.length;
    async function* live() {
      yield file.subarray(0, second + 20);
      yield file.subarray(second + 20);
    }
    const counts: number[] = [];
    for await (const { frames } of readCapture("x", live())) counts.push(frames.length);
    // The second one begins in one piece and ends in the other.
    expect(counts).toEqual([1, 1, 1]);
  });

  it("takes a capture without packets for whole", async () => {
    expect(await readAll(pcapFile([]))).toEqual({ frames: [] });
  });
});

describe("damage", () => {
  const packets: PcapPacket[] = [0, 1, 60, 33, 5].map((n, i) => ({ data: ethernet.subarray(0, n), length: 60, seconds: i }));
  const file = pcapFile(packets);
  const starts = packets.map((_, i) => pcapFile(packets.slice(0, i)).length);

  it("gives every whole packet before a cut at any octet, then where it broke off", async () => {
    for (let cut = FILE_HEADER; cut < file.length; cut++) {
      const { frames, problem, broken } = await readAll(file.subarray(0, cut));
      const whole = starts.filter((_, i) => (starts[i + 1] ?? file.length) <= cut).length;
      expect(frames).toHaveLength(whole);
      const start = starts[whole] ?? file.length;
      if (cut === start) {
        expect(problem).toBeUndefined();
      } else {
        expect(broken).toBe("damaged");
        expect(problem?.offset).toBe(start);
        expect(problem?.message).toContain(`packet ${whole + 1}`);
        expect(problem?.message).toContain(`octet ${start}`);
      }
    }
  });

  it("calls a file that ends in its header no capture", async () => {
    for (let cut = 0; cut < FILE_HEADER; cut++) {
      expect(await readAll(file.subarray(0, cut))).toMatchObject({ frames: [], broken: "input" });
    }
  });

  it("stops at a length that no packet can have, without waiting for it", async () => {
    for (const captured of [262_145, 700_000, 0xffffffff]) {
      const bytes = pcapFile([{ data: ethernet }, { data: ethernet, captured }, { data: ethernet }]);
      const { frames, problem, broken } = await readAll(bytes);
      expect(frames).toHaveLength(1);
      expect(broken).toBe("damaged");
      expect(problem?.offset).toBe(FILE_HEADER + RECORD_HEADER + ethernet.length);
      expect(problem?.message).toContain(String(captured));
    }
  });

  it("reads the longest packet there can be", async () => {
    const { frames, problem } = await readAll(pcapFile([{ data: new Uint8Array(262_144) }]), 1000);
    expect(problem).toBeUndefined();
    expect(frames[0]?.captured).toBe(262_144);
  });

  it("gives the same whatever the pieces in which the file comes", async () => {
    const whole = await readAll(file);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 100 }), async (size) => {
        expect(await readAll(file, size)).toEqual(whole);
      }),
    );
  });

  it("never throws, whatever is wrong", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 8 }), async (changes) => {
        const damaged = file.slice();
        for (const [at, octet] of changes) damaged[at] = octet;
        const { frames, problem, broken } = await readAll(damaged);
        expect(frames.length).toBeLessThanOrEqual(file.length / RECORD_HEADER);
        expect(problem === undefined).toBe(broken === undefined);
      }),
      { numRuns: 500 },
    );
  });
});

describe("what is no capture", () => {
  const problemOf = async (bytes: Uint8Array) => {
    const { broken, problem, frames } = await readAll(bytes);
    expect(broken).toBe("input");
    expect(frames).toEqual([]);
    expect(problem?.file).toBe("test.pcap");
    return `${problem?.message} ${problem?.hint ?? ""}`;
  };

  it("names what it found", async () => {
    expect(await problemOf(new Uint8Array(0))).toContain("empty");
    expect(await problemOf(Buffer.from("*filter\n:INPUT ACCEPT\n"))).toContain("text");
    expect(await problemOf(hex("7f454c46 02010100 00000000"))).toContain("no capture");
    expect(await problemOf(hex("0a0d0d0a 1c000000 4d3c2b1a"))).toContain("section header");
    expect(await problemOf(pcapFile([], { version: [1, 0] }))).toContain("version 1.0");
  });

  it("tells a capture from other files by its first octets", () => {
    expect(looksLikeCapture(pcapFile([]))).toBe(true);
    expect(looksLikeCapture(pcapFile([], { big: true, magic: NANOSECONDS }))).toBe(true);
    expect(looksLikeCapture(hex("0a0d0d0a"))).toBe(true);
    expect(looksLikeCapture(Buffer.from("*filter"))).toBe(false);
    expect(looksLikeCapture(hex("d4c3b2"))).toBe(false);
  });

  it("passes on what goes wrong with the file itself", async () => {
    async function* failing() {
      yield* inPieces(pcapFile([{ data: ethernet }]));
      throw new Error("EIO");
    }
    const read = async () => {
      for await (const batch of readCapture("x", failing())) expect(batch.problem).toBeUndefined();
    };
    await expect(read()).rejects.toThrow("EIO");
  });
});
