import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readRecords } from "../../src/wire/capture.ts";
import { rowsOf } from "../wire/glances.ts";
import { inPieces } from "../wire/pcap-bytes.ts";
import { join, NgWriter } from "../wire/pcapng-bytes.ts";
import { nettrace, recorded } from "./nettrace.ts";

const CAPTURE = recorded("docker-published-port-from-outside", "capture.pcap");
const SNAPSHOT = recorded("docker-published-port-from-outside", "snapshot.tar.gz");
const FILE = path(tmpdir(), `nettrace-${process.pid}.pcapng`);
const SLL2_HEADER = 20;
const RAW = 101;
const TTL = 8;
const INBOUND = 1;
const OUTBOUND = 2;

interface Explained {
  readonly packet: number;
  readonly interface: string;
  readonly direction: string;
  readonly verdict: string;
  readonly steps: unknown;
  readonly observed: unknown;
}

const explained = async (capture: string) =>
  (await nettrace("explain", capture, "--snapshot", SNAPSHOT, "--format", "ndjson")).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Explained);

afterAll(() => rmSync(FILE, { force: true }));

it("lets packets in where the interfaces and directions of a pcapng file say, in the order of time", async () => {
  const ng = new NgWriter(false);
  const devices = ["eth0", "docker0"].map((name) => ng.interface(RAW, [[2, Buffer.from(name)]]));
  const blocks: Uint8Array[] = [];
  for await (const { records } of readRecords(inPieces(readFileSync(CAPTURE)))) {
    for (const number of [6, 7]) {
      const record = rowsOf(records)[number - 1];
      if (!record) throw new Error(`no packet ${number}`);
      const { time } = record;
      const data = record.data.slice(SLL2_HEADER);
      const ticks = time / 1000n;
      blocks.push(ng.packet({ data, ticks, flags: INBOUND }));
      if (number === 7) continue;
      const sent = data.slice();
      sent[TTL] = (sent[TTL] ?? 0) - 1;
      blocks.push(ng.packet({ data: sent, ticks: ticks + 20n, flags: OUTBOUND, interface: 1 }));
    }
  }
  writeFileSync(FILE, join(ng.section(), ...devices, ...blocks));
  const whole = await explained(CAPTURE);
  const found = await explained(FILE);
  expect(found).toMatchObject([
    { packet: 1, interface: "eth0", direction: "in", verdict: "delivered", steps: whole[5]?.steps },
    { packet: 2, interface: "docker0", direction: "out" },
    { packet: 3, interface: "eth0", direction: "in", verdict: "dropped", steps: whole[6]?.steps },
  ]);
  expect(found[0]?.observed).toMatchObject([{ packet: 2, interface: "docker0" }]);

  const [arrived = new Uint8Array(0), left = new Uint8Array(0), dropped = new Uint8Array(0)] = blocks;
  writeFileSync(FILE, join(ng.section(), ...devices, left, arrived, dropped));
  const late = await explained(FILE);
  expect(late).toMatchObject([
    { packet: 2, interface: "eth0", direction: "in", verdict: "delivered", steps: whole[5]?.steps },
    { packet: 1, interface: "docker0", direction: "out", seenBefore: 2 },
    { packet: 3, verdict: "dropped" },
  ]);
  expect(late[0]?.observed).toMatchObject([{ packet: 1, interface: "docker0" }]);
});
