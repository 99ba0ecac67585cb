import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadSnapshot } from "../../../src/commands/load-snapshot.ts";
import { createReplay } from "../../../src/engine/replay.ts";
import type { Frame } from "../../../src/model/packet.ts";
import type { PacketTrace } from "../../../src/model/trace.ts";
import { readAll } from "../../wire/pcap-bytes.ts";
import { differsOut } from "./expected.ts";

const SAMPLES = fileURLToPath(new URL("../../../samples/", import.meta.url));
const RECORD_HEADER = 16;
const LINK_HEADER: Readonly<Record<string, number>> = { EN10MB: 14, LINUX_SLL2: 20 };

/** The octets of every IP packet in a little-endian pcap file, as they were on the wire. */
function octetsOf(file: Buffer, frames: readonly Frame[]): Uint8Array[] {
  let at = 24;
  return frames.map(({ linkType, captured }) => {
    const start = at + RECORD_HEADER + (LINK_HEADER[linkType ?? ""] ?? 0);
    at += RECORD_HEADER + captured;
    return new Uint8Array(file.subarray(start, at));
  });
}

/** How many sightings of packets leaving by a device a sample has, and in words what is wrong with the octets of some. */
async function comparisons(sample: string): Promise<{ compared: number; wrong: string[] }> {
  const file = readFileSync(`${SAMPLES}${sample}/capture.pcap`);
  const { frames } = await readAll(new Uint8Array(file));
  const octets = octetsOf(file, frames);
  const replay = createReplay(await loadSnapshot(`${SAMPLES}${sample}/snapshot`), { netns: "host", capture: "capture.pcap" });
  const traces: readonly PacketTrace[] = [...frames.flatMap((frame) => replay.push(frame)), ...replay.finish()];
  const wrong: string[] = [];
  let compared = 0;
  for (const { frame, way, observed } of traces) {
    for (const sighting of observed) {
      const leaving = frames[sighting.packet - 1]?.type === "outgoing";
      const index = way.out.findIndex((one) => leaving && one.netns === sighting.netns && one.interface === sighting.interface);
      if (index < 0) continue;
      compared++;
      const difference = differsOut(octets.slice(0, frame.number), way.out, index, octets[sighting.packet - 1] ?? new Uint8Array(0));
      if (difference !== undefined) wrong.push(`packet ${frame.number}, seen again as ${sighting.packet}: ${difference}`);
    }
  }
  return { compared, wrong };
}

/** Captures of all devices, and how many packets they show twice at least. */
const SHOWN = {
  "bridge-gateway-forwarding-on": 4,
  "bridge-gateway-masquerade": 10,
  "kube-proxy-service": 20,
  "published-port-from-outside": 15,
  "published-port-from-the-host": 10,
  "published-port-hairpin": 20,
};

describe("packets seen again in a capture of all devices", () => {
  it.each(Object.entries(SHOWN))("%s", async (sample, least) => {
    const { compared, wrong } = await comparisons(sample);
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(least);
  });
});
