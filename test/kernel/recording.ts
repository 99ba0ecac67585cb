import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { createReplay, type ReplayOptions } from "../../src/engine/replay.ts";
import type { Host } from "../../src/model/host.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { unpackSnapshot } from "../../src/parse/archive.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { traceObject } from "../../src/render/ndjson.ts";
import { readCapture } from "../../src/wire/capture.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One recorded case: the machine, the packets, and per packet what the kernel did with it. */
export interface Recording {
  readonly host: Host;
  readonly capture: Uint8Array;
  readonly truth: readonly Fields[];
}

/** A hand-made case: a folder with a snapshot archive, a capture and the truth. */
export async function scenario(folder: string): Promise<Recording> {
  return {
    host: await hostOf(readFileSync(`${folder}/snapshot.tar.gz`), folder),
    capture: readFileSync(`${folder}/capture.pcap`),
    truth: truthOf(readFileSync(`${folder}/truth.ndjson`, "utf8")),
  };
}

/** A generated case: all three in one archive. */
export async function randomCase(file: string): Promise<Recording> {
  const bytes = readFileSync(file);
  const members = new Map<string, Buffer>();
  const archive = extract();
  archive.end(gunzipSync(bytes));
  for await (const entry of archive) {
    const pieces: Uint8Array[] = [];
    for await (const piece of entry as AsyncIterable<Uint8Array>) pieces.push(piece);
    members.set(entry.header.name, Buffer.concat(pieces));
  }
  return {
    host: await hostOf(bytes, file),
    capture: members.get("capture.pcap") ?? Buffer.alloc(0),
    truth: truthOf(members.get("truth.ndjson")?.toString("utf8") ?? ""),
  };
}

async function hostOf(archive: Uint8Array, name: string): Promise<Host> {
  const { value, problems } = readSnapshot(await unpackSnapshot(archive), name);
  if (problems.length > 0) throw new Error(`${name}: ${JSON.stringify(problems)}`);
  return value;
}

function truthOf(text: string): Fields[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Fields);
}

/** A recorded capture replayed. */
export async function tracesOf({ host, capture, truth }: Recording, options: Partial<ReplayOptions> = {}): Promise<PacketTrace[]> {
  const devices = new Set(truth.map((packet) => packet["interface"]));
  const device = devices.size === 1 ? truth[0]?.["interface"] : undefined;
  const replay = createReplay(host, {
    netns: String(truth[0]?.["netns"]),
    capture: "capture.pcap",
    ...(typeof device === "string" && { interface: device }),
    ...options,
  });
  const traces: PacketTrace[] = [];
  for await (const { frames, problem } of readCapture("capture.pcap", pieces(capture))) {
    if (problem) throw new Error(problem.message);
    for (const frame of frames) traces.push(...replay.push(frame));
  }
  traces.push(...replay.finish());
  return traces;
}

/** What nettrace says about each packet, as the objects of its machine-readable output. */
export async function answersTo(recording: Recording): Promise<Fields[]> {
  const traces = await tracesOf(recording);
  return traces.map((trace) => JSON.parse(JSON.stringify(traceObject(trace, ""))) as Fields);
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
