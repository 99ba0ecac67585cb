import { Deal, Watch } from "../engine/deal.ts";
import type { Keeper } from "../engine/flow-memory.ts";
import { createReplay, type Replay, type ReplayOptions } from "../engine/replay.ts";
import type { Frames } from "../model/frames.ts";
import type { Host } from "../model/host.ts";
import { type Frame, replayedPacket } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";

const NONE: readonly never[] = [];

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

  /** Takes the next frame of the capture, whosever it is; gives back the traces of its own that are final now. */
  take(frame: Frame, from?: string): readonly PacketTrace[] {
    const packet = replayedPacket(frame);
    if (!packet) return NONE;
    const isOwn = this.#deal.of(packet) === this.#own;
    return isOwn ? this.#replay.push(frame, from) : this.#replay.pass(frame, from);
  }

  /** The same for one of several frames, which is only glanced at where that is enough. */
  takeOf(frames: Frames, index: number): readonly PacketTrace[] {
    const frame = frames.glance?.(index) ?? frames.at(index);
    const packet = frame && replayedPacket(frame);
    if (!packet) return NONE;
    const isOwn = this.#deal.of(packet) === this.#own;
    return isOwn ? (this.#replay.take(frames, index) ?? NONE) : this.#replay.leave(frames, index);
  }

  /** The capture is over: the traces that were still waiting. */
  finish(): readonly PacketTrace[] {
    return this.#replay.finish();
  }
}
