import { Deal, Watch } from "../engine/deal.ts";
import { FirstIn } from "../engine/first-in.ts";
import { createReplay, type Replay, type ReplayOptions } from "../engine/replay.ts";
import type { Host } from "../model/host.ts";
import { type Frame, type Packet, replayedPacket } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import type { Batch } from "./batch.ts";
import { Decoder } from "./decode.ts";
import { Flows } from "./flows.ts";

interface Dealt {
  readonly frame: Frame;
  readonly packet: Packet;
  readonly share: number;
  readonly position: number;
}

/** A trace of the dealer's own replay, and how far that had got when nothing could change it any more. */
interface Own {
  readonly trace: PacketTrace;
  readonly upTo: number;
}

/** What another replay has sent. */
interface Other {
  readonly decoder: Decoder;
  readonly batches: FirstIn<Batch>;
  upTo: number;
}

/**
 * Replays one share of a capture's packets, and puts what others find of the rest where it belongs: traces come in capture order, with
 * the numbers of connections that one replay would give. None comes before all replays have got as far as the one that found it, for until
 * then it may turn out that they cannot be relied on.
 */
export class Dealer {
  readonly #deal: Deal;
  readonly #watch: Watch;
  readonly #replay: Replay;
  readonly #flows: Flows;
  readonly #dealt = new FirstIn<Dealt>();
  readonly #own = new FirstIn<Own>();
  readonly #others: readonly Other[];
  #position = 0;
  #upTo = 0;
  /** Why replays could not be relied on any more. */
  astray: string | undefined;

  /** Share 0 is its own; `weights` say how much each gets. */
  constructor(host: Host, options: ReplayOptions, weights: readonly number[]) {
    this.#deal = new Deal(host, weights);
    this.#watch = new Watch(this.#deal, 0);
    this.#replay = createReplay(host, { ...options, watch: this.#watch });
    this.#flows = new Flows(weights.length);
    this.#others = weights.slice(1).map(() => ({ decoder: new Decoder(host, options.capture), batches: new FirstIn(), upTo: 0 }));
  }

  /** How many packets were dealt whose traces have not been taken. */
  get waiting(): number {
    return this.#dealt.length;
  }

  /** Deals the next frame of the capture. */
  take(frame: Frame, from?: string): void {
    const packet = replayedPacket(frame);
    if (!packet || this.astray !== undefined) return;
    const share = this.#deal.of(packet);
    this.#dealt.push({ frame, packet, share, position: this.#position++ });
    this.#found(share === 0 ? this.#replay.push(frame, from) : this.#replay.pass([frame], 0, from), this.#replay.position);
  }

  /** The capture is over. */
  finish(): void {
    if (this.astray === undefined) this.#found(this.#replay.finish(), Number.POSITIVE_INFINITY);
  }

  #found(traces: readonly PacketTrace[], upTo: number): void {
    this.astray ??= this.#deal.doubt ?? this.#watch.astray;
    if (this.astray !== undefined) return;
    this.#upTo = upTo;
    for (const trace of traces) this.#own.push({ trace, upTo });
  }

  /** Takes what another replay has found. */
  receive(share: number, batch: Batch): void {
    const other = this.#others[share - 1] as Other;
    other.batches.push(batch);
    other.upTo = batch.upTo;
  }

  /** The traces that are final now, each of which is given once. */
  *ready(): Generator<PacketTrace> {
    const upTo = Math.min(this.#upTo, ...this.#others.map((other) => other.upTo));
    for (let dealt = this.#dealt.first; dealt; dealt = this.#dealt.first) {
      const trace = dealt.share === 0 ? this.#nextOwn(upTo) : this.#nextOther(dealt, upTo);
      if (!trace) return;
      this.#dealt.shift();
      yield this.#flows.renumber(trace, dealt.share);
    }
  }

  #nextOwn(upTo: number): PacketTrace | undefined {
    const { first } = this.#own;
    if (!first || first.upTo > upTo) return undefined;
    this.#own.shift();
    return first.trace;
  }

  #nextOther({ frame, packet, share, position }: Dealt, upTo: number): PacketTrace | undefined {
    const { decoder, batches } = this.#others[share - 1] as Other;
    while (decoder.isEmpty) {
      const { first } = batches;
      if (!first || first.upTo > upTo) return undefined;
      decoder.open(first);
      batches.shift();
    }
    return decoder.next(frame, packet, position);
  }
}
