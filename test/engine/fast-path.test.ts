import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import { FlowMemory } from "../../src/engine/flow-memory.ts";
import { createReplay } from "../../src/engine/replay.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { loadEvidence } from "../kernel/judge/evidence.ts";
import { ETHERNET_HEADER, frameOf, type Sent } from "../kernel/judge/frame.ts";
import type { Evidence } from "../kernel/judge/run-case.ts";
import { checksum } from "../kernel/wire/sums.ts";

const LIVE = fileURLToPath(new URL("../recordings/live/", import.meta.url));
const TIMES = 12;
/** Nanoseconds. */
const AGAIN = 1000n;

/** A ruleset in which every rule of a chain stands so often that chains are long enough for an index, in an order that mixes them. */
function longer(saved: string): string {
  return saved
    .split("\n")
    .flatMap((line, at, lines) => {
      const own = (one: string | undefined) => /^\S* ?-A /.test(one ?? "");
      if (!own(line) || own(lines[at - 1])) return own(line) ? [] : [line];
      const end = lines.findIndex((one, i) => i > at && !own(one));
      const rules = lines.slice(at, end);
      return Array.from({ length: TIMES }, () => rules).flat();
    })
    .join("\n");
}

/** A packet thrice, so that there is something to be remembered of a connection, and then as IP would not take it: damaged, and at the end of its TTL. */
function variants({ device, octets }: Sent): readonly Uint8Array[] {
  const start = device === undefined ? 0 : ETHERNET_HEADER;
  const changed = (at: number, change: (octet: number) => number) => octets.map((octet, i) => (i === start + at ? change(octet) : octet));
  const version = (octets[start] ?? 0) >> 4;
  // VLAN tags stand before it.
  if (version !== 4 && version !== 6) return [octets, octets, octets];
  const six = version === 6;
  const last = changed(six ? 7 : 8, () => 1);
  return [octets, octets, octets, ...(six ? [] : [changed(10, (octet) => octet ^ 1)]), six ? last : sealed(last, start)];
}

/** An IPv4 header with its right checksum. */
function sealed(octets: Uint8Array, start: number): Uint8Array {
  const header = octets.slice(start, start + ((octets[start] ?? 0) & 15) * 4);
  header.set([0, 0], 10);
  const sum = checksum(header);
  return octets.map((octet, i) => (i === start + 10 ? sum >> 8 : i === start + 11 ? sum & 255 : octet));
}

function traces(evidence: Evidence, indexed: boolean): PacketTrace[] {
  const files = Object.entries(evidence.snapshot).map(([name, text]) => [name, /tables-save/.test(name) ? longer(text) : text] as const);
  const { value: host } = readSnapshot(new Map(files), "snapshot");
  const [netns = ""] = host.namespaces.keys();
  const replay = createReplay(host, { netns, capture: "live", indexed });
  let number = 0;
  const found = evidence.packets.flatMap(({ sent }) =>
    variants(sent).flatMap((octets, again) =>
      replay.push(frameOf({ ...sent, octets, time: sent.time + BigInt(again) * AGAIN }, ++number), sent.netns),
    ),
  );
  return [...found, ...replay.finish()].map(whole);
}

/** A trace with all that it can tell, whatever it is made of. */
function whole(trace: PacketTrace): PacketTrace {
  const { frame, capture, packet, netns, direction, flow, certainty, way, alternatives, decided, assumptions, observed, missing } = trace;
  const { interface: device, seenBefore, seenBeforeIn } = trace;
  return {
    ...{ frame, capture, packet, netns, direction, flow, certainty, way, alternatives, decided, assumptions, observed, missing },
    ...(device !== undefined && { interface: device }),
    ...(seenBefore !== undefined && { seenBefore }),
    ...(seenBeforeIn !== undefined && { seenBeforeIn }),
  };
}

describe("the index of a chain's rules, and what is remembered of connections", () => {
  const recordings = readdirSync(LIVE).sort();
  const recall = vi.spyOn(FlowMemory.prototype, "recall");
  afterAll(() => recall.mockRestore());

  it.each(recordings)("changes nothing: %s", (file) => {
    const evidence = loadEvidence(`${LIVE}${file}`);
    expect(traces(evidence, true)).toEqual(traces(evidence, false));
  });

  it("has remembered something", () => {
    const remembered = recall.mock.results.filter(({ value }) => value !== undefined);
    expect(remembered.length).toBeGreaterThan(recordings.length / 10);
  });

  it("was asked for long chains", () => {
    const text = longer("*filter\n:INPUT ACCEPT [0:0]\n[0:0] -A INPUT -p tcp\n-A INPUT -p udp\nCOMMIT");
    expect(text.split("\n").filter((line) => line.includes("-A "))).toHaveLength(2 * TIMES);
  });
});
