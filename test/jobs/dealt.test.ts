import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Deal } from "../../src/engine/deal.ts";
import type { Host } from "../../src/model/host.ts";
import type { Frame } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { readCapture } from "../../src/wire/capture.ts";
import { loadEvidence } from "../kernel/judge/evidence.ts";
import { frameOf } from "../kernel/judge/frame.ts";
import { type Recording, randomCase, scenario } from "../kernel/recording.ts";
import { dealt, type Entering, inOne } from "./dealt.ts";

const RECORDINGS = fileURLToPath(new URL("../recordings/", import.meta.url));
const names = (folder: string) => readdirSync(`${RECORDINGS}${folder}`).sort();

const WAYS = [
  [1, 1],
  [2, 1, 1],
];

const tally = { cases: 0, spread: 0, whole: 0 };

/** Holds several replays against one; what they found before they could not be relied on any more has to be right. */
function holds(host: Host, options: { netns: string; capture: string; interface?: string }, frames: readonly Entering[]): void {
  const one = inOne(host, options, frames);
  for (const weights of WAYS) {
    const { traces, astray } = dealt(host, options, frames, weights);
    expect(traces).toEqual(one.slice(0, astray === undefined ? one.length : traces.length));
    const deal = new Deal(host, weights);
    const isSpread = new Set(frames.flatMap(([{ packet }]) => (packet ? [deal.of(packet)] : []))).size > 1;
    tally.cases++;
    if (isSpread) tally.spread++;
    if (isSpread && astray === undefined) tally.whole++;
  }
}

/** Every frame thrice, so that there is something to be remembered of connections. */
function thrice(frames: readonly Entering[]): Entering[] {
  let number = 0;
  return frames.flatMap(([frame, ...from]) =>
    [0n, 1000n, 2000n].map((later): Entering => [{ ...frame, number: ++number, time: frame.time + later }, ...from]),
  );
}

async function recorded({ host, capture, truth }: Recording): Promise<void> {
  const devices = new Set(truth.map((packet) => packet["interface"]));
  const device = devices.size === 1 ? truth[0]?.["interface"] : undefined;
  const frames: Frame[] = [];
  for await (const batch of readCapture("capture.pcap", pieces(capture))) frames.push(...batch.frames);
  const options = { netns: String(truth[0]?.["netns"]), capture: "capture.pcap", ...(typeof device === "string" && { interface: device }) };
  const entering = frames.map((frame): Entering => [frame]);
  holds(host, options, entering);
  holds(host, options, thrice(entering));
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function live(file: string): void {
  const evidence = loadEvidence(file);
  const { value: host } = readSnapshot(new Map(Object.entries(evidence.snapshot)), "snapshot");
  const [netns = ""] = host.namespaces.keys();
  const frames = evidence.packets.map(({ sent }, i): Entering => [frameOf(sent, i + 1), sent.netns]);
  holds(host, { netns, capture: "live" }, frames);
  holds(host, { netns, capture: "live" }, thrice(frames));
}

describe("packets that are dealt to several replays end up as with one", () => {
  it.each(names("scenarios"))("%s", async (name) => recorded(await scenario(`${RECORDINGS}scenarios/${name}`)));
  it.each(["random", "random6"].flatMap((folder) => names(folder).map((name) => `${folder}/${name}`)))("%s", async (name) =>
    recorded(await randomCase(RECORDINGS + name)),
  );
  it.each(["live", "edges"].flatMap((folder) => names(folder).map((name) => `${folder}/${name}`)))("%s", (name) => live(RECORDINGS + name));

  it("was seen, and possible to the end", () => {
    expect(tally.spread).toBeGreaterThan(tally.cases / 3);
    expect(tally.whole).toBeGreaterThan(tally.spread / 3);
  });
});
