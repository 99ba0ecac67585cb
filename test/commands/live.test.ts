import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../bin/run.js", import.meta.url));
const SNAPSHOT = fileURLToPath(new URL("../recordings/captures/snapshot", import.meta.url));
const CAPTURE = readFileSync(join(SNAPSHOT, "captures/host/any.pcap"));
const LONG = 60_000;

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A nettrace that runs, and what it has said so far. */
class Running {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  stdout = "";
  stderr = "";

  constructor(...args: string[]) {
    this.process = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, NO_COLOR: "1", COLUMNS: "100" } });
    this.process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => this.process.on("close", (code) => resolve(code)));
  }

  /** Waits until something is so. */
  async until(isSo: () => boolean): Promise<void> {
    const end = Date.now() + LONG / 2;
    while (!isSo()) {
      expect(Date.now(), `waited in vain; it has said ${this.stdout}${this.stderr}`).toBeLessThan(end);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  lines(): readonly { readonly packet: number; readonly observed: readonly unknown[]; readonly seenBefore?: number }[] {
    return this.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }
}

const explain = (...args: string[]) => new Running("explain", ...args, "--snapshot", SNAPSHOT);

/** Where the record after so many packets begins. */
function placeAfter(packets: number): number {
  let at = 24;
  for (let i = 0; i < packets; i++) at += 16 + CAPTURE.readUInt32LE(at + 8);
  return at;
}

describe("a pipe that stays open", { timeout: LONG }, () => {
  it("gives each packet as soon as nothing more can be told of it", async () => {
    const running = explain("-", "--format", "ndjson");
    running.process.stdin.write(CAPTURE.subarray(0, placeAfter(20)));
    await running.until(() => running.lines().length === 20);
    expect(running.lines()[0]?.observed).toHaveLength(1);
    // A second and more after the first ones: nothing waits for the end.
    running.process.stdin.write(CAPTURE.subarray(placeAfter(20), placeAfter(22)));
    await running.until(() => running.lines().length === 22);
    running.process.stdin.write(CAPTURE.subarray(placeAfter(22)));
    running.process.stdin.end();
    expect(await running.ended).toBe(0);
    expect(running.lines().map(({ packet }) => packet)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  it("recognises a packet that was seen before, although that has been printed", async () => {
    const running = explain("-", "--format", "ndjson");
    running.process.stdin.write(CAPTURE.subarray(0, placeAfter(1)));
    await running.until(() => running.lines().length === 1);
    running.process.stdin.end(CAPTURE.subarray(placeAfter(1), placeAfter(2)));
    expect(await running.ended).toBe(0);
    expect(running.lines()[1]).toMatchObject({ packet: 2, seenBefore: 1 });
  });

  it("gives lines of tcpdump's text, the last one included", async () => {
    const running = explain("-", "--format", "ndjson");
    running.process.stdin.write("2026-01-01 00:00:01.000000 eth0  In  IP 192.0.2.50.4000 > 192.0.2.10.53: UDP, length 4\n");
    await running.until(() => running.lines().length === 1);
    running.process.stdin.end();
    expect(await running.ended).toBe(0);
  });

  it("is decoded at once", async () => {
    const running = new Running("packets", "-", "--format", "ndjson");
    running.process.stdin.write(CAPTURE.subarray(0, placeAfter(3) + 7));
    await running.until(() => running.lines().length === 3);
    running.process.stdin.end();
    expect(await running.ended).toBe(3);
  });
});

describe("Ctrl-C", { timeout: LONG }, () => {
  it("ends the reading, and what was read is explained", async () => {
    const running = explain("-", "--format", "table");
    const records = CAPTURE.subarray(24, placeAfter(22));
    // More than a pipe holds: when all is written, it is being read.
    const many = Buffer.concat([CAPTURE.subarray(0, 24), ...Array.from({ length: 500 }, () => records)]);
    await new Promise((resolve) => running.process.stdin.write(many, resolve));
    running.process.kill("SIGINT");
    expect(await running.ended).toBe(3);
    expect(running.stdout).toMatch(/^11,000 packets, 2 connections/);
    expect(running.stderr).toBe("nettrace: interrupted; the 11,000 packets that had been read are explained\n");
  });

  it("ends the reading of a named pipe", async () => {
    const pipe = join(folder, "pipe");
    spawnSync("mkfifo", [pipe]);
    const running = explain(pipe, "--format", "ndjson");
    const end = openSync(pipe, "r+");
    writeSync(end, CAPTURE.subarray(0, placeAfter(2)));
    await running.until(() => running.lines().length === 2);
    running.process.kill("SIGINT");
    expect(await running.ended).toBe(3);
  });

  it("makes whole Parquet files of what never ends, and leaves nothing of a file that it gives up", async () => {
    const out = join(folder, "live.parquet");
    const live = explain("-", "--format", "parquet", "-o", out);
    live.process.stdin.write(CAPTURE.subarray(0, placeAfter(22)));
    await live.until(() => readdirSync(folder).some((name) => name.startsWith("live.steps.parquet")));
    live.process.kill("SIGINT");
    expect(await live.ended).toBe(3);
    expect(readdirSync(folder).filter((name) => name.startsWith("live"))).toEqual(["live.parquet", "live.steps.parquet"]);

    const big = join(folder, "big.pcap");
    writeFileSync(big, Buffer.concat([CAPTURE.subarray(0, 24), ...Array.from({ length: 20_000 }, () => CAPTURE.subarray(24))]));
    const given = explain(big, "--format", "parquet", "-o", join(folder, "given.parquet"));
    await given.until(() => readdirSync(folder).some((name) => name.startsWith("given.steps.parquet")));
    given.process.kill("SIGINT");
    expect(await given.ended).toBe(130);
    expect(readdirSync(folder).filter((name) => name.startsWith("given"))).toEqual([]);
    expect(given.stderr).toMatch(/^nettrace: interrupted: .*given\.parquet was not written\n$/);
    expect(existsSync(out)).toBe(true);
  });
});
