import { Deal, Watch } from "../engine/deal.ts";
import type { Keeper } from "../engine/flow-memory.ts";
import { createReplay, type Replay, type ReplayOptions } from "../engine/replay.ts";
import type { Frames } from "../model/frames.ts";
import type { Host } from "../model/host.ts";
import { replayedPacket } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";

/** One of the replays that a capture's packets are dealt to, with what it is dealt. */
export class Lot {
  readonly #deal: Deal;
  readonly #own: number;
  readonly #watch: Watch;
  readonly #replay: Replay;

  /** `own` is its number, `weights` say how much each of them gets. */
  constructor(host: Host, options: ReplayOptions, weights: readonly number[], own: number, keeper?: Keeper) {
    this.#deal = new Deal(host, weights);
    this.#own = own;
    this.#watch = new Watch(this.#deal, own);
    this.#replay = createReplay(host, { ...options, watch: this.#watch, ...(keeper && { keeper }) });
  }

  /** Why the replays cannot be relied on from here on. */
  get astray(): string | undefined {
    return this.#deal.doubt ?? this.#watch.astray;
  }

  /** How many packets of the capture it has looked at, others' included. */
  get position(): number {
    return this.#replay.position;
  }

  /**
   * Takes the next frame of the capture, one of several, whosever it is, and only glances at it where that is enough; gives back the traces of
   * its own that are final now. Undefined for a frame without a packet to replay.
   */
  take(frames: Frames, index: number, from?: string): readonly PacketTrace[] | undefined {
    const frame = frames.glance?.(index) ?? frames.at(index);
    const packet = frame && replayedPacket(frame);
    if (!packet) return undefined;
    const isOwn = this.#deal.of(packet) === this.#own;
    return isOwn ? this.#replay.take(frames, index, from) : this.#replay.pass(frames, index, from);
  }

  /** The capture is over: the traces that were still waiting. */
  finish(): readonly PacketTrace[] {
    return this.#replay.finish();
  }
}
