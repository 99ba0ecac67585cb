import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "pcap-parser";
import { describe, expect, it } from "vitest";
import { readRecords } from "../../src/wire/capture.ts";
import { rowsOf } from "./glances.ts";

const ROOT = join(import.meta.dirname, "../..");
const MICROSECONDS = new Set(["a1b2c3d4", "d4c3b2a1"]);

/** One packet as "seconds.microseconds captured/length hash", to compare two readers. */
type Line = string;

async function ours(file: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const { records, fault } of readRecords(createReadStream(file))) {
    expect(fault).toBeUndefined();
    for (const { data, length, time } of rowsOf(records)) lines.push(line(time / 1000n, data.length, length, data));
  }
  return lines;
}

function theirs(file: string): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    const lines: Line[] = [];
    const parser = parse(createReadStream(file));
    parser.on("packet", ({ header, data }) => {
      const time = BigInt(header.timestampSeconds) * 1_000_000n + BigInt(header.timestampMicroseconds);
      lines.push(line(time, header.capturedLength, header.originalLength, data));
    });
    parser.on("end", () => resolve(lines));
    parser.on("error", reject);
  });
}

function line(microseconds: bigint, captured: number, length: number, data: Uint8Array): Line {
  return `${microseconds} ${captured}/${length} ${createHash("sha1").update(data).digest("hex")}`;
}

describe("pcap-parser, the independent second reader", () => {
  it("reads the same from every classic capture of the tests and samples", async () => {
    const captures = ["test", "samples"]
      .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => join(ROOT, folder, file)))
      .filter((file) => file.endsWith(".pcap") && MICROSECONDS.has(readFileSync(file).subarray(0, 4).toString("hex")));
    expect(captures.length).toBeGreaterThan(0);
    let packets = 0;
    for (const capture of captures) {
      const expected = await theirs(capture);
      expect(await ours(capture), capture).toEqual(expected);
      packets += expected.length;
    }
    expect(packets).toBeGreaterThan(0);
  });
});
