import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { pack } from "tar-stream";
import { ArchiveError, unpackSnapshot } from "../../src/parse/archive.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { frameLine, frameObject } from "../../src/render/packet-list.ts";
import { readCapture } from "../../src/wire/capture.ts";
import { formatTime } from "../../src/wire/time.ts";
import { atAGlance } from "../wire/glances.ts";
import { hex, pcapFile } from "../wire/pcap-bytes.ts";
import { join, NgWriter } from "../wire/pcapng-bytes.ts";
import { filesBelow } from "./corpus.ts";

/** A reader of octets: `complaint` says what is wrong with how it takes some. */
export interface OctetTarget {
  readonly name: string;
  readonly bases: readonly Uint8Array[];
  complaint(octets: Uint8Array): Promise<string | undefined>;
}

const STYLE = { colour: false, ascii: false, width: 100 };
/** No packet record takes less. */
const RECORD = 16;
const MEGABYTE = 1 << 20;
/** Any window that zstd itself unpacks without being told to fits into this; a length field alone must not ask for more. */
const MOST_MEMORY = 400 * MEGABYTE;
/** The raw IPv4 packets of a capture, packed by zstd -19. */
const ZSTD = new URL("raw.pcap.zst", import.meta.url);
/** Packets that take decoders far: in VXLAN and GRE, PPPoE and MPLS, radiotap, NFLOG and the like, whatever the link type says. */
const PACKETS: readonly Uint8Array[] = [
  "0200000000a1 0200000000b2 0800 45000052000000004011000001010101 01010102 0fa012b5003e0000 0800000000002a00 0200000000a1 0200000000b2 0800 4500001e00000000402f0000 0a000001 0a000002 0000080045000014",
  "0040 0200000000a1 8200000000b2 0630 0010 aaaa03000000 0800 45000014",
  "ff03 0021 4500001400000000402f0000",
  "50 0200000000a1 0200000000b2 aaaa03000000 0800 45000014",
  "0f00 8847 00001100 00001040 00002140 45000014",
  "1100 0001 0016 0021 45000014",
  "8f00 0800 45000014",
  "8841 0000 0200000000a1 0200000000b2 0200000000c3 0000 0000 aaaa03000000 0806 0001080006040001",
  "0481 03 cc 45000014",
  "3d020000 65746830 000000000000000000000000",
  "80211001 00000040 00000000",
  "0000 0c00 0f000080 00000000 0800 0000",
  "0200000000a1 0000 0200000000b2 0000 0000 0800 45000014",
  "00000800 01000000 45000014",
  "02 00 0000 0800 0100 0800 0100 0800 0400 00000005 1800 0900 45000014",
  "0800 0000 00000005 0001 04 06 0200000000b2 0000 45000014",
  "0200000000a1 0200000000b2 20000000 8100 0007 0004 aaaa",
  "0200000000a1 0200000000b2 dada0000 20000000 88a8 0001 86dd 60000000",
].map(hex);
const MODIFIED_MAGIC = 0xa1b2cd34;

/** All readers of octets with what their mutations start from. */
export async function octetTargets(): Promise<readonly OctetTarget[]> {
  const captures = [...filesBelow("test/wire/captures"), ...filesBelow("samples")]
    .filter((file) => /[.]pcap(ng)?$/.test(file))
    .map((file) => new Uint8Array(readFileSync(file).subarray(0, 6000)));
  const frames = [0, 1, 60].map((length) => ({ data: new Uint8Array(length).fill(0x45) }));
  const modified = pcapFile(frames, { magic: MODIFIED_MAGIC, extra: hex("07000000 0008 04 00") });
  const old = pcapFile(frames, { version: [2, 2], big: true });
  const packed = [...captures.map((octets) => new Uint8Array(gzipSync(octets))), new Uint8Array(readFileSync(ZSTD))];
  const archives = await Promise.all(
    filesBelow("samples")
      .filter((file) => file.endsWith("iptables-save.txt"))
      .map(archive),
  );
  return [
    { name: "capture", bases: [...captures, modified, old], complaint: captureComplaint },
    {
      name: "pcapng",
      bases: [pcapngFile(true), pcapngFile(false), join(pcapngFile(false), pcapngFile(true))],
      complaint: captureComplaint,
    },
    { name: "gzip-zstd", bases: [...packed, ...packed.slice(-1), ...packed.slice(-1)], complaint: captureComplaint },
    { name: "archive", bases: [...archives, ...archives.map((octets) => new Uint8Array(gzipSync(octets)))], complaint: archiveComplaint },
  ];
}

/** Every kind of block, and packets of link types with headers of several parts. */
function pcapngFile(little: boolean): Uint8Array {
  const ng = new NgWriter(little);
  const linkTypes = [1, 6, 9, 10, 50, 51, 104, 105, 107, 117, 119, 127, 138, 192, 239, 276, 281, 285];
  const name = [2, Buffer.from("eth0")] as const;
  const clock = [9, Uint8Array.of(little ? 0x94 : 9)] as const;
  const packet = PACKETS.map((data, i) => ({ data, interface: i, ticks: 1n << 60n, flags: i % 20 }));
  return join(
    ng.section([[4, Buffer.from("a program")]]),
    ...linkTypes.map((type) => ng.interface(type, [name, clock, [14, ng.numbers(32, -5n)]], 200)),
    ...packet.map((each) => ng.packet(each)),
    ng.block(5, new Uint8Array(20)),
    ng.oldPacket({ data: PACKETS[0] ?? new Uint8Array(0), flags: 2 }),
    ng.simplePacket(new Uint8Array(50), 60),
  );
}

async function archive(rules: string): Promise<Uint8Array> {
  const tar = pack();
  tar.entry({ name: "snapshot.json" }, '{"version":1}');
  tar.entry({ name: "netns/host/iptables-save.txt" }, readFileSync(rules));
  tar.entry({ name: "netns/host/ip-route.txt" }, "default via 10.0.0.1 dev eth0\n");
  tar.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of tar) pieces.push(piece as Uint8Array);
  return new Uint8Array(Buffer.concat(pieces));
}

async function captureComplaint(octets: Uint8Array): Promise<string | undefined> {
  let most = 0;
  const before = process.memoryUsage().arrayBuffers;
  // Pieces of about a fiftieth, so that memory is looked at while the readers hold on to what they have asked for.
  const size = Math.max(1, Math.ceil(octets.length / 50));
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < octets.length; at += size) {
      yield octets.subarray(at, at + size);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
  }
  let unpacked = 0;
  try {
    for await (const { frames, digits, problem, broken } of readCapture("f", pieces())) {
      for (const frame of atAGlance(frames)) {
        const time = formatTime(frame.time, digits);
        JSON.stringify(frameObject(frame, time));
        frameLine(frame, time, STYLE);
        unpacked += RECORD + frame.captured;
      }
      if ((problem === undefined) !== (broken === undefined)) return "a problem without saying what it breaks";
      if (problem && (problem.offset === undefined || problem.offset < 0)) return `a problem without a place: ${problem.message}`;
    }
  } catch (error) {
    return `throws ${error instanceof Error ? error.stack?.split("\n").slice(0, 4).join(" | ") : error}`;
  }
  // Records that are unpacked may be held until they are handed on.
  return most > MOST_MEMORY + 2 * unpacked ? `takes ${Math.round(most / MEGABYTE)} MB for ${octets.length} octets` : undefined;
}

async function archiveComplaint(octets: Uint8Array): Promise<string | undefined> {
  try {
    readSnapshot(await unpackSnapshot(octets), "f");
  } catch (error) {
    if (error instanceof ArchiveError) return undefined;
    return `throws ${error instanceof Error ? error.stack?.split("\n").slice(0, 4).join(" | ") : error}`;
  }
  return undefined;
}

/** Octets that have been changed in some places: bits flipped, lengths made absurd, stretches cut, doubled and put elsewhere, the end cut off. */
export function damagedOctets(bases: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    kind: fc.constantFrom("flip", "flip", "set", "word", "half", "cut", "double", "end", "insert"),
    at: fc.oneof(fc.nat(), fc.nat({ max: 60 })),
    value: fc.oneof(fc.nat(), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff)),
    length: fc.nat({ max: 200 }),
  });
  return fc.tuple(fc.constantFrom(...bases), fc.array(edit, { maxLength: 8 })).map(([base, edits]) => {
    let octets = base.slice();
    for (const { kind, at, value, length } of edits) {
      const start = at % Math.max(octets.length, 1);
      const put = (what: Uint8Array, instead: number) =>
        new Uint8Array(Buffer.concat([octets.subarray(0, start), what, octets.subarray(start + instead)]));
      const word = Uint8Array.from([value, value >>> 8, value >>> 16, value >>> 24]);
      if (kind === "flip") octets[start] = (octets[start] ?? 0) ^ (1 << (length % 8));
      else if (kind === "set") octets[start] = value;
      else if (kind === "word") octets = put(length % 2 ? word : word.toReversed(), 4);
      else if (kind === "half") octets = put(word.subarray(0, 2), 2);
      else if (kind === "cut") octets = put(new Uint8Array(0), length);
      else if (kind === "double") octets = put(octets.subarray(start, start + length), 0);
      else if (kind === "end") octets = octets.slice(0, start);
      else octets = put(new Uint8Array(length).fill(value), 0);
    }
    return octets;
  });
}
