import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createReplay } from "../../src/engine/replay.ts";
import type { Host } from "../../src/model/host.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { unpackSnapshot } from "../../src/parse/archive.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { readCapture } from "../../src/wire/capture.ts";

/** Folder of a recorded scenario. */
function folderOf(scenario: string): string {
  return fileURLToPath(new URL(`../recordings/scenarios/${scenario}/`, import.meta.url));
}

/** A recorded scenario replayed. */
export async function replayed(scenario: string, detailed = false): Promise<{ host: Host; traces: PacketTrace[] }> {
  const folder = folderOf(scenario);
  const { value: host } = readSnapshot(await unpackSnapshot(readFileSync(`${folder}snapshot.tar.gz`)), scenario);
  const truth = readFileSync(`${folder}truth.ndjson`, "utf8").trim().split("\n");
  const packets = truth.map((line) => JSON.parse(line) as { netns: string; interface: string | null });
  const devices = new Set(packets.map((packet) => packet.interface));
  const device = devices.size === 1 ? packets[0]?.interface : undefined;
  const replay = createReplay(host, {
    netns: packets[0]?.netns ?? "host",
    capture: "capture.pcap",
    detailed,
    ...(device && { interface: device }),
  });
  const traces: PacketTrace[] = [];
  for await (const { frames } of readCapture("capture.pcap", once(readFileSync(`${folder}capture.pcap`)))) {
    for (const frame of frames) traces.push(...replay.push(frame));
  }
  traces.push(...replay.finish());
  return { host, traces };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
