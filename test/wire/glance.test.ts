import { readdirSync, readFileSync } from "node:fs";
import { join as path } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frames } from "../../src/model/frames.ts";
import { readCapture } from "../../src/wire/capture.ts";
import { sum16 } from "../../src/wire/checksum.ts";
import { ipv4, tcp, udp } from "../kernel/wire/build.ts";
import { atAGlance } from "./glances.ts";
import { hex, inPieces, pcapFile, readAll } from "./pcap-bytes.ts";
import { join, NgWriter } from "./pcapng-bytes.ts";

const ROOT = path(import.meta.dirname, "../..");
const LINK: Readonly<Record<string, { readonly type: number; readonly header: Uint8Array }>> = {
  Ethernet: { type: 1, header: hex("0200000000a1 0200000000b2 0800") },
  LINUX_SLL: { type: 113, header: hex("0004 0001 0006 0200000000b2 0000 0800") },
  LINUX_SLL2: { type: 276, header: hex("0800 0000 00000003 0001 04 06 0200000000b2 0000") },
  "LINUX_SLL2 of lo": { type: 276, header: hex("0800 0000 00000001 0304 00 06 000000000000 0000") },
};
const [SRC, DST] = ["192.0.2.1", "198.51.100.2"];
const PORTS = { sport: 40_003, dport: 6443 };
const AT = { src: SRC, dst: DST, id: 77 };
const TIMES = hex("0101080a 00000001 00000002");
const TCP = ipv4({ ...AT, protocol: 6, payload: tcp({ ...PORTS, flags: 16, options: TIMES, payload: hex("01020304") }, SRC, DST) });
const SYN = ipv4({
  ...AT,
  protocol: 6,
  payload: tcp({ ...PORTS, flags: 2, options: hex("020405b4 0402080a 00000001 00000000") }, SRC, DST),
});
const UDP = ipv4({ ...AT, protocol: 17, payload: udp({ ...PORTS, payload: hex("01020304") }, SRC, DST) });
const [IP_CHECKSUM, IP_HEADER] = [10, 20];

const framed = (link: string, packet: Uint8Array) => new Uint8Array(Buffer.concat([LINK[link]?.header ?? new Uint8Array(0), packet]));

/** Makes the checksum of the IPv4 header right, whatever has become of it. */
function seal(data: Uint8Array, start: number): void {
  data.fill(0, start + IP_CHECKSUM, start + IP_CHECKSUM + 2);
  const sum = sum16(data, start, start + IP_HEADER) ^ 0xffff;
  data.set([sum >> 8, sum & 255], start + IP_CHECKSUM);
}

async function glanced(bytes: Uint8Array): Promise<number> {
  const count = { glanced: 0 };
  for await (const { frames } of readCapture("test.pcap", inPieces(bytes))) atAGlance(frames, count);
  return count.glanced;
}

describe("a glance at a frame", () => {
  it.each(Object.keys(LINK))("shows what is in nearly all of them, behind %s", async (name) => {
    const packets = [TCP, SYN, UDP].map((packet) => ({ data: framed(name, packet) }));
    expect(await glanced(pcapFile(packets, { linkType: LINK[name]?.type ?? 0 }))).toBe(3);
  });

  it("shows nothing of what is no Ethernet frame, or has no time of its own", async () => {
    // ARPHRD_FRAD, before which the protocol is no EtherType.
    const frad = new Uint8Array(Buffer.concat([hex("0800 0000 00000001 0302 00 06 000000000000 0000"), TCP]));
    expect(await glanced(pcapFile([{ data: frad }], { linkType: 276 }))).toBe(0);
    const ng = new NgWriter(false);
    expect(await glanced(join(ng.section(), ng.interface(1), ng.simplePacket(framed("Ethernet", TCP))))).toBe(0);
    expect(await glanced(join(ng.section(), ng.interface(1), ng.packet({ data: framed("Ethernet", TCP), flags: 1 })))).toBe(1);
  });

  it("shows the same as the frame, whatever is changed in it or cut off", async () => {
    const change = fc.record({ at: fc.nat(79), octet: fc.integer({ min: 0, max: 255 }) });
    const frame = fc.record({
      packet: fc.constantFrom(TCP, SYN, UDP),
      changes: fc.array(change, { maxLength: 2 }),
      cut: fc.oneof(fc.constant(0), fc.nat(70)),
      more: fc.nat(30),
      sealed: fc.boolean(),
    });
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(LINK)), fc.array(frame, { minLength: 1, maxLength: 6 }), async (name, drawn) => {
        const packets = drawn.map(({ packet, changes, cut, more, sealed }) => {
          const data = new Uint8Array(Buffer.concat([framed(name, packet), new Uint8Array(more)]));
          for (const { at, octet } of changes) if (at < data.length) data[at] = octet;
          if (sealed) seal(data, LINK[name]?.header.length ?? 0);
          return { data: data.subarray(0, Math.max(0, data.length - cut)), length: data.length };
        });
        seen += await glanced(pcapFile(packets, { linkType: LINK[name]?.type ?? 0 }));
      }),
      { numRuns: 600 },
    );
    expect(seen).toBeGreaterThan(300);
  });

  it("shows the same as the frame in every capture of the tests and samples", async () => {
    const files = ["test", "samples"]
      .flatMap((folder) => readdirSync(path(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => path(ROOT, folder, file)))
      .filter((file) => /[.]pcap(ng)?$/.test(file));
    let seen = 0;
    for (const file of files) seen += await glanced(readFileSync(file));
    expect(files.length).toBeGreaterThan(30);
    expect(seen).toBeGreaterThan(200);
  });
});

it("a frame cannot be asked for any more when the ones behind it were read", async () => {
  const packets = Array.from({ length: 2000 }, () => ({ data: framed("Ethernet", TCP) }));
  const batches: Frames[] = [];
  for await (const { frames } of readCapture("test.pcap", inPieces(pcapFile(packets)))) batches.push(frames);
  expect(batches.length).toBeGreaterThan(2);
  expect(batches[0]?.glance?.(0)).toBeUndefined();
  expect(() => batches[0]?.at(0)).toThrow("after the ones behind it were read");
  expect((await readAll(pcapFile(packets))).frames.map(({ number }) => number)).toEqual(packets.map((_, i) => i + 1));
});
