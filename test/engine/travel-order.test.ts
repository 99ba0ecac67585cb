import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { loadSnapshot } from "../../src/commands/load-snapshot.ts";
import { travelOrder } from "../../src/engine/travel-order.ts";
import type { Frame, Source } from "../../src/model/packet.ts";
import { readCapture } from "../../src/wire/capture.ts";
import { mergeByTime } from "../../src/wire/merge.ts";
import { inPieces } from "../wire/pcap-bytes.ts";

const SNAPSHOT = fileURLToPath(new URL("../recordings/captures/snapshot", import.meta.url));
const NOW = 1_000_000_000n;

/** The first frames of a recorded capture, all of one time. */
async function framesOf(netns: string, file: string, time: bigint): Promise<Frame[]> {
  const source: Source = { capture: file, netns };
  for await (const { frames } of readCapture(file, inPieces(readFileSync(`${SNAPSHOT}/captures/${netns}/${file}`))))
    return [...frames].slice(0, 4).map((frame) => ({ ...frame, time, source }));
  return [];
}

it("knows that a packet leaves one end of a link before it comes in at the other, and loses TTL on its way", async () => {
  const precedes = travelOrder(await loadSnapshot(SNAPSHOT));
  const [arrived, left, answerIn, answerOut] = (await framesOf("host", "any.pcap", NOW)) as [Frame, Frame, Frame, Frame];
  const [atWeb, answered] = (await framesOf("web", "eth0.pcap", NOW + 900n)) as [Frame, Frame];
  expect([precedes(left, atWeb), precedes(atWeb, left)]).toEqual([true, false]);
  expect([precedes(answered, answerIn), precedes(answerIn, answered)]).toEqual([true, false]);
  expect([precedes(arrived, left), precedes(left, arrived)]).toEqual([true, false]);
  expect([precedes(answerOut, answered), precedes(arrived, answered), precedes(answered, arrived)]).toEqual([false, false, false]);
  expect(precedes({ ...answered, time: NOW + 1000n }, answerIn)).toBe(false);
});

it("decides between captures of which one keeps fewer digits", async () => {
  const precedes = travelOrder(await loadSnapshot(SNAPSHOT));
  const streams = [(await framesOf("host", "any.pcap", NOW)).slice(2, 3), (await framesOf("web", "eth0.pcap", NOW + 900n)).slice(1, 2)].map(
    (frames) => ({
      first: NOW,
      async *batches() {
        yield frames;
      },
    }),
  );
  const merged: string[] = [];
  for await (const frames of mergeByTime(streams, precedes)) merged.push(...frames.map(({ source }) => source?.netns ?? ""));
  expect(merged).toEqual(["web", "host"]);
});
