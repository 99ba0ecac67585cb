import type { ReplayOptions } from "../engine/replay.ts";
import { Lot } from "../jobs/lot.ts";
import type { Frames } from "../model/frames.ts";
import type { Host } from "../model/host.ts";
import type { PacketTrace } from "../model/trace.ts";
import { type Measure, type Part, PartOfCollection } from "./part.ts";

const TOO_LARGE = "there are many connections";

/** One of several that each replay their share of a capture's packets and gather what becomes of it. */
export class Gatherer {
  readonly #lot: Lot;
  readonly #part: PartOfCollection;

  /** `own` is its number, `weights` say how much each of them gets, and `wants` which packets are gathered. */
  constructor(
    host: Host,
    options: ReplayOptions,
    weights: readonly number[],
    own: number,
    measure: Measure,
    wants?: (trace: PacketTrace) => boolean,
  ) {
    this.#part = new PartOfCollection(measure, weights.length, wants);
    // Which packets are wanted is asked of whole traces.
    this.#lot = new Lot(host, wants ? options : { ...options, listener: this.#part }, weights, own);
  }

  /** Why the parts cannot be put together. */
  get astray(): string | undefined {
    return this.#lot.astray ?? (this.#part.isTooLarge ? TOO_LARGE : undefined);
  }

  /** Takes the next frame of the capture, one of several, whosever it is; false for one without a packet to replay. */
  take(frames: Frames, index: number): boolean {
    const traces = this.#lot.take(frames, index);
    for (const trace of traces ?? []) this.#part.add(trace);
    return traces !== undefined;
  }

  /** The capture is over: all that was gathered, unless it is astray by now. */
  finish(): Part {
    for (const trace of this.#lot.finish()) this.#part.add(trace);
    return this.#part.part();
  }
}
