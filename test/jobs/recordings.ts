import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { it } from "vitest";
import type { ReplayOptions } from "../../src/engine/replay.ts";
import type { Host } from "../../src/model/host.ts";
import type { Frame } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { readCapture } from "../../src/wire/capture.ts";
import { loadEvidence } from "../kernel/judge/evidence.ts";
import { frameOf } from "../kernel/judge/frame.ts";
import { type Recording, randomCase, scenario } from "../kernel/recording.ts";
import type { Entering } from "./dealt.ts";

const RECORDINGS = fileURLToPath(new URL("../recordings/", import.meta.url));
const names = (folder: string) => readdirSync(`${RECORDINGS}${folder}`).sort();
const files = (folders: readonly string[]) => folders.flatMap((folder) => names(folder).map((name) => `${folder}/${name}`));

/** What is to hold of a machine and frames that enter it. */
type Holds = (host: Host, options: ReplayOptions, frames: readonly Entering[]) => void;

/** A test for each recording of the kernel, as it is and with every frame thrice, so that there is something to be remembered of connections. */
export function eachRecording(holds: Holds): void {
  const both = (host: Host, options: ReplayOptions, frames: readonly Entering[]) => {
    holds(host, options, frames);
    holds(host, options, thrice(frames));
  };
  const recorded = async ({ host, capture, truth }: Recording) => {
    const devices = new Set(truth.map((packet) => packet["interface"]));
    const device = devices.size === 1 ? truth[0]?.["interface"] : undefined;
    const frames: Frame[] = [];
    for await (const batch of readCapture("capture.pcap", pieces(capture))) frames.push(...batch.frames);
    const options = {
      netns: String(truth[0]?.["netns"]),
      capture: "capture.pcap",
      ...(typeof device === "string" && { interface: device }),
    };
    both(
      host,
      options,
      frames.map((frame): Entering => [frame]),
    );
  };
  it.each(names("scenarios"))("%s", async (name) => recorded(await scenario(`${RECORDINGS}scenarios/${name}`)));
  it.each(files(["random", "random6"]))("%s", async (name) => recorded(await randomCase(RECORDINGS + name)));
  it.each(files(["live", "edges"]))("%s", (name) => {
    const evidence = loadEvidence(RECORDINGS + name);
    const { value: host } = readSnapshot(new Map(Object.entries(evidence.snapshot)), "snapshot");
    const [netns = ""] = host.namespaces.keys();
    both(
      host,
      { netns, capture: "live" },
      evidence.packets.map(({ sent }, i): Entering => [frameOf(sent, i + 1), sent.netns]),
    );
  });
}

function thrice(frames: readonly Entering[]): Entering[] {
  let number = 0;
  return frames.flatMap(([frame, ...from]) =>
    [0n, 1000n, 2000n].map((later): Entering => [{ ...frame, number: ++number, time: frame.time + later }, ...from]),
  );
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
