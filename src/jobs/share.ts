import { Deal, Watch } from "../engine/deal.ts";
import { createReplay, type Replay, type ReplayOptions } from "../engine/replay.ts";
import type { Host } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { Batch } from "./batch.ts";
import { Encoder } from "./encode.ts";

/** One of the replays that a capture's packets are dealt to, in a thread of its own. */
export class Share {
  readonly #deal: Deal;
  readonly #own: number;
  readonly #watch: Watch;
  readonly #encoder: Encoder;
  readonly #replay: Replay;

  /** `own` is its number, `weights` say how much each of them gets. */
  constructor(host: Host, options: ReplayOptions, weights: readonly number[], own: number) {
    this.#deal = new Deal(host, weights);
    this.#own = own;
    this.#watch = new Watch(this.#deal, own);
    this.#encoder = new Encoder(host);
    this.#replay = createReplay(host, { ...options, watch: this.#watch, keeper: this.#encoder });
    this.#encoder.position = () => this.#replay.position;
  }

  /** Why the replays cannot be relied on from here on. */
  get astray(): string | undefined {
    return this.#deal.doubt ?? this.#watch.astray;
  }

  /** Takes the next frame of the capture, whosever it is. */
  take(frame: Frame, from?: string): void {
    if (!frame.packet || frame.within) return;
    const isOwn = this.#deal.of(frame.packet) === this.#own;
    this.#encoder.add(isOwn ? this.#replay.push(frame, from) : this.#replay.pass(frame, from));
  }

  /** What was found since the last time. */
  batch(): Batch {
    return this.#encoder.batch(this.#replay.position);
  }

  /** The capture is over: what was still waiting. */
  finish(): Batch {
    this.#encoder.add(this.#replay.finish());
    return this.#encoder.batch(Number.POSITIVE_INFINITY);
  }
}
