import { createReplay, type ReplayOptions } from "../../src/engine/replay.ts";
import { Dealer } from "../../src/jobs/dealer.ts";
import { Share } from "../../src/jobs/share.ts";
import type { Host } from "../../src/model/host.ts";
import type { Frame } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";

/** A frame, and the namespace that it enters where that is not the capture's. */
export type Entering = readonly [frame: Frame, from?: string | undefined];

/** Frames after which a thread sends what it has found. */
const BATCH = 3;

/** What one replay makes of frames. */
export function inOne(host: Host, options: ReplayOptions, frames: readonly Entering[]): PacketTrace[] {
  const replay = createReplay(host, options);
  return [...frames.flatMap(([frame, from]) => replay.push(frame, from)), ...replay.finish()].map(whole);
}

/** What several replays make of them, as threads would; `weights` say how much each of them gets. */
export function dealt(host: Host, options: ReplayOptions, frames: readonly Entering[], weights: readonly number[]) {
  const dealer = new Dealer(host, options, weights);
  const shares = weights.slice(1).map((_, i) => new Share(host, options, weights, i + 1));
  const traces: PacketTrace[] = [];
  const gather = () => {
    for (const trace of dealer.ready()) traces.push(whole(trace));
  };
  const reason = () => [dealer, ...shares].find(({ astray }) => astray !== undefined)?.astray;
  for (const [i, [frame, from]] of frames.entries()) {
    dealer.take(frame, from);
    for (const share of shares) share.take([frame], 0, from);
    const astray = reason();
    if (astray !== undefined) return { traces, astray };
    if (i % BATCH === 0) for (const [at, share] of shares.entries()) dealer.receive(at + 1, structuredClone(share.batch()));
    gather();
  }
  dealer.finish();
  for (const [at, share] of shares.entries()) {
    const last = share.finish();
    if (share.astray === undefined) dealer.receive(at + 1, structuredClone(last));
  }
  gather();
  return { traces, astray: reason() };
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
