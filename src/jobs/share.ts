import type { ReplayOptions } from "../engine/replay.ts";
import type { Frames } from "../model/frames.ts";
import type { Host } from "../model/host.ts";
import type { Batch } from "./batch.ts";
import { Encoder } from "./encode.ts";
import { Lot } from "./lot.ts";

/** One of the replays that a capture's packets are dealt to, in a thread of its own, whose traces are sent to another one. */
export class Share {
  readonly #encoder: Encoder;
  readonly #lot: Lot;

  /** `own` is its number, `weights` say how much each of them gets. */
  constructor(host: Host, options: ReplayOptions, weights: readonly number[], own: number) {
    this.#encoder = new Encoder(host);
    this.#lot = new Lot(host, options, weights, own, this.#encoder);
    this.#encoder.position = () => this.#lot.position;
  }

  /** Why the replays cannot be relied on from here on. */
  get astray(): string | undefined {
    return this.#lot.astray;
  }

  /** Takes the next frame of the capture, one of several, whosever it is. */
  take(frames: Frames, index: number, from?: string): void {
    this.#encoder.add(this.#lot.take(frames, index, from) ?? []);
  }

  /** What was found since the last time. */
  batch(): Batch {
    return this.#encoder.batch(this.#lot.position);
  }

  /** The capture is over: what was still waiting. */
  finish(): Batch {
    this.#encoder.add(this.#lot.finish());
    return this.#encoder.batch(Number.POSITIVE_INFINITY);
  }
}
