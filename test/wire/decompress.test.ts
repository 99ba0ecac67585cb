import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decompress } from "../../src/wire/decompress.ts";
import { hex, inPieces, pcapFile, readAll } from "./pcap-bytes.ts";

const capture = pcapFile(Array.from({ length: 300 }, (_, i) => ({ data: new Uint8Array(60).fill(i), seconds: i })));
// printf hello | zstd
const HELLO_ZSTD = hex("28b52ffd 0458 290000 68656c6c6f a36d9f88");

// A capture packed by zstd, with some octets changed: the weights of its Huffman tree go on for ever.
const ENDLESS_ZSTD = [
  "28b52ffd64d00f9d06004200232bf06fd603445d6cbb33db3866f8503a26c4b8bfbfb1c79e020bc38ca312822242471f07a0e9083164489902ffaad3",
  "19bb9db5040354aaf148bec86608c0e4170e8867e81eec9684604474e306a50c2cc6abfe67ebf55257c19120ba8d4f477ed1b5ce2336f946d35e19da",
  "6d585a1623ba713b4c5b2b9fb2c4370e7a657a577cd335ce865249b03fb2b6b635472b571b20e0ffffffffffffffffffffffffffffffffffffffea82",
  "32f3b0476b87fb9ccd81052dc45380854330090be670ebb520eccc07e9df49bf98ea7c7b035634304f050811800113dc7b0e026ffc0861d55d5be002",
  "f2f41017",
].join("");

describe("compressed captures", () => {
  it("are read as if they were not", async () => {
    const plain = await readAll(capture);
    expect(plain.frames).toHaveLength(300);
    for (const size of [1, 3, 4096]) expect(await readAll(gzipSync(capture), size)).toEqual(plain);
  });

  it("give what could be unpacked before damage", async () => {
    const packed = gzipSync(capture);
    const { frames, problem, broken } = await readAll(packed.subarray(0, -20), 100);
    expect(broken).toBe("damaged");
    expect(problem?.message).toContain("gzip");
    expect(frames.length).toBeGreaterThan(250);
    expect(await readAll(hex("1f8b0800ffff"))).toMatchObject({ broken: "input", frames: [] });
    const bad = packed.slice();
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 0xff;
    expect((await readAll(bad, 100)).broken).toBe("damaged");
  });

  it("leave the rest alone when nobody wants it", async () => {
    for await (const chunk of decompress(inPieces(gzipSync(new Uint8Array(1 << 22)), 100))) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });

  it("may be zstd", async () => {
    const unpacked: Uint8Array[] = [];
    for await (const chunk of decompress(inPieces(HELLO_ZSTD, 5))) unpacked.push(chunk);
    expect(Buffer.concat(unpacked).toString()).toBe("hello");
    expect(await readAll(HELLO_ZSTD.subarray(0, -8))).toMatchObject({ broken: "input" });
  });

  it("may be several frames of zstd, with data of others between them", async () => {
    const skipped = hex("582a4d18 03000000 aabbcc");
    for (const size of [1, 7, 100]) {
      const unpacked: Uint8Array[] = [];
      const whole = new Uint8Array(Buffer.concat([HELLO_ZSTD, skipped, HELLO_ZSTD]));
      for await (const chunk of decompress(inPieces(whole, size))) unpacked.push(chunk);
      expect(Buffer.concat(unpacked).toString()).toBe("hellohello");
    }
  });

  it("end where a damaged Huffman tree would not", async () => {
    for (const size of [1, 7, 4096]) {
      const { broken, problem } = await readAll(hex(ENDLESS_ZSTD), size);
      expect(broken).toBe("input");
      expect(problem?.message).toContain("a Huffman tree has no end");
    }
  });

  it("take no memory for the sake of a length field", async () => {
    // Windows of 2 GB less an eighth, of 256 MB, and a frame of one segment of 2 GB; first, and behind a good frame.
    for (const header of ["28b52ffd 00 a7", "28b52ffd 00 90", "28b52ffd a0 0000007f"]) {
      for (const before of [new Uint8Array(0), HELLO_ZSTD]) {
        const octets = new Uint8Array(Buffer.concat([before, hex(header), new Uint8Array(20)]));
        const memory = process.memoryUsage().arrayBuffers;
        const { broken, problem } = await readAll(octets);
        expect(broken).toBe("input");
        expect(problem?.message).toContain("window of");
        expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(1 << 26);
      }
    }
    const largest = new Uint8Array(Buffer.concat([hex("28b52ffd 00 88"), hex("290000"), Buffer.from("hello")]));
    expect((await readAll(largest)).problem?.message).toContain("this is text");
  });
});
