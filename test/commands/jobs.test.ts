import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nettrace, recorded, spawned } from "./nettrace.ts";

const folder = mkdtempSync(join(tmpdir(), "nettrace-jobs-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NAT = "docker-published-port-from-outside";
const CAPTURE = recorded(NAT, "capture.pcap");
const MACHINE = ["--snapshot", recorded(NAT, "snapshot.tar.gz")];

// Each run in this process leaves a listener behind that waits for all to be written.
process.stdout.setMaxListeners(100);

const explain = (...words: string[]) => nettrace("explain", ...words);

/** A recorded scenario, in one thread and in two; the latter say why where they do not. */
async function both(scenario: string) {
  const words = [recorded(scenario, "capture.pcap"), "--snapshot", recorded(scenario, "snapshot.tar.gz"), "--format", "ndjson"];
  return { one: await explain(...words, "--jobs", "1"), two: await explain(...words, "--jobs", "2", "--verbose") };
}

/** The frames of a capture so often, one second after the other. */
function longer(capture: Uint8Array, times: number): Uint8Array {
  const records: Buffer[] = [];
  for (let i = 0; i < times; i++) {
    for (let at = 24; at < capture.length; ) {
      const bytes = Buffer.from(capture);
      const size = 16 + bytes.readUInt32LE(at + 8);
      const record = Buffer.from(bytes.subarray(at, at + size));
      record.writeUInt32LE(record.readUInt32LE(0) + i, 0);
      records.push(record);
      at += size;
    }
  }
  return Buffer.concat([capture.subarray(0, 24), ...records]);
}

describe("nettrace explain --jobs", () => {
  const many = join(folder, "many.pcap");
  writeFileSync(many, longer(readFileSync(CAPTURE), 300));

  it.each(["table", "json", "ndjson"])("gives the same with any number of threads: %s", async (format) => {
    let started = 0;
    const count = () => started++;
    process.on("worker", count);
    const one = await explain(many, ...MACHINE, "--format", format, "--jobs", "1");
    expect(one).toMatchObject({ status: 0, stderr: "" });
    expect(started).toBe(0);
    for (const jobs of ["2", "3"]) expect(await explain(many, ...MACHINE, "--format", format, "--jobs", jobs)).toEqual(one);
    expect(started).toBe(1 + 2);
    process.off("worker", count);
  });

  it("gives the same Parquet", async () => {
    const files = ["1", "2"].map((jobs) => join(folder, `jobs${jobs}.parquet`));
    for (const [i, file] of files.entries())
      expect((await explain(many, ...MACHINE, "--format", "parquet", "-o", file, "--jobs", `${i + 1}`)).status).toBe(0);
    const [one, two] = files.map((file) =>
      [file, file.replace(".parquet", ".steps.parquet")].map((name) => readFileSync(name).toString("hex")),
    );
    expect(two).toEqual(one);
  });

  it("keeps to what a filter wants", async () => {
    const words = [many, ...MACHINE, "--format", "ndjson", "--verdict", "dropped"];
    const one = await explain(...words, "--jobs", "1");
    expect(one.stdout.trim().split("\n").length).toBeGreaterThan(100);
    expect(await explain(...words, "--jobs", "2")).toEqual(one);
  });

  it.each([
    ["--verdict", "dropped"],
    ["--address", "172.17.0.2", "--protocol", "tcp"],
    ["--protocol", "udp"],
    ["--flow", "2"],
  ])("keeps the summary to what a filter wants: %s %s", async (...filter) => {
    const one = await explain(many, ...MACHINE, ...filter, "--jobs", "1");
    expect(one).toMatchObject({ status: 0, stderr: "" });
    expect(await explain(many, ...MACHINE, ...filter, "--jobs", "2")).toEqual(one);
  });

  it("is quiet about threads where packets can be dealt to them", async () => {
    const { one, two } = await both(NAT);
    expect(two).toEqual({ ...one, stderr: "" });
  });

  it("says which rule has state that connections share", async () => {
    const { one, two } = await both("kube-two-endpoints");
    expect(two.stdout).toBe(one.stdout);
    expect(two.stderr).toBe(
      "nettrace: one thread: rule 2 of nat KUBE-SVC-WEBAAAAAAAAAAAAA (line 69) has -m statistic, whose state all connections share\n",
    );
  });

  it.each(["kube-nodeport-local", "fragmentation-needed", "icmp-error-related", "ttl-expiry"])(
    "does it in one thread after all: %s",
    async (name) => {
      const { one, two } = await both(name);
      expect(two.stdout).toBe(one.stdout);
    },
  );

  it("says why it was done in one thread after all", async () => {
    expect((await both("kube-nodeport-local")).two.stderr).toBe("nettrace: one thread: the header of a neighbour is needed\n");
  });

  it("says the same of a capture that breaks off", async () => {
    const cut = join(folder, "cut.pcap");
    writeFileSync(cut, readFileSync(many).subarray(0, -7));
    const one = await explain(cut, ...MACHINE, "--format", "ndjson", "--jobs", "1");
    expect(one.status).toBe(3);
    expect(one.stderr).toContain("the capture breaks off in packet 2700");
    expect(await explain(cut, ...MACHINE, "--format", "ndjson", "--jobs", "2")).toEqual(one);
  });

  it("says the same of what is no capture, and of a machine that is not there", async () => {
    const none = join(folder, "none.pcap");
    writeFileSync(none, "nothing");
    for (const words of [
      [none, ...MACHINE],
      [CAPTURE, "--rules", join(folder, "no.rules")],
    ]) {
      const one = await explain(...words, "--jobs", "1");
      expect(one.status).toBe(2);
      expect(await explain(...words, "--jobs", "2")).toEqual(one);
    }
  });

  it("reads what can be read only once in one thread", () => {
    const { stdout, stderr, status } = spawned(
      ["explain", "-", ...MACHINE, "--jobs", "2", "--verbose", "--format", "ndjson"],
      readFileSync(CAPTURE),
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "nettrace: one thread: standard input can be read only once\n" });
    expect(stdout.trim().split("\n")).toHaveLength(9);
  });

  it("refuses no threads at all", async () => {
    const { status, stderr } = await explain(CAPTURE, ...MACHINE, "--jobs", "0");
    expect(status).toBe(2);
    expect(stderr).toContain("--jobs");
  });
});
