import type { Frame, Packet } from "../model/packet.ts";
import { tupleHash, tupleOf } from "./connection.ts";
import type { Netns } from "./netns.ts";
import { openHash } from "./open-port.ts";
import { contentHash } from "./same-packet.ts";

/** How far ahead the capture is searched for what decides over a packet, in nanoseconds and frames. */
const LOOK_AHEAD = 1_000_000_000n;
const MAX_AHEAD = 5_000;

/** A captured packet that has not been replayed yet. */
export interface Ahead {
  readonly frame: Frame;
  readonly packet: Packet;
  readonly from: Netns;
  /** Counts the packets of the capture. */
  readonly position: number;
  /** By what it can be found, once it was written down. */
  keys?: readonly number[];
}

/**
 * The packets of the capture that come after the one at hand, never more than a window of them.
 * What they are found by is only written down once somebody has looked for something.
 */
export class LookAhead {
  #queue: Ahead[] = [];
  /** Where the first one stands in the queue, whose beginning is cut off from time to time. */
  #head = 0;
  readonly #found = new Map<number, Ahead[]>();
  #indexed = false;
  #count = 0;

  get first(): Ahead | undefined {
    return this.#queue[this.#head];
  }

  get length(): number {
    return this.#queue.length - this.#head;
  }

  /** Everything that waits, the packet at hand included, in order. */
  get all(): readonly Ahead[] {
    return this.#queue.slice(this.#head);
  }

  /** Takes in the next packet; says by what it can be found, when anybody has ever looked for something. */
  push(frame: Frame, packet: Packet, from: Netns): readonly number[] {
    const ahead: Ahead = { frame, packet, from, position: this.#count++ };
    this.#queue.push(ahead);
    return this.#indexed ? this.#note(ahead) : [];
  }

  /** The first packet is done with. */
  shift(): void {
    const { first } = this;
    if (!first) return;
    this.#head++;
    if (this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    if (!this.#indexed) return;
    for (const key of first.keys ?? []) {
      const list = this.#found.get(key);
      list?.shift();
      if (list?.length === 0) this.#found.delete(key);
    }
  }

  /** Whether no packet that is still to come can lie within the first one's window. */
  isOver(now: bigint): boolean {
    const first = this.first;
    return first !== undefined && (now - first.frame.time > LOOK_AHEAD || this.length > MAX_AHEAD);
  }

  /** The packets after the first one and within its window that can be found by a key, in order; others may have the same key. */
  by(key: number): readonly Ahead[] {
    if (!this.#indexed) {
      this.#indexed = true;
      for (const ahead of this.all) this.#note(ahead);
    }
    const first = this.first;
    if (!first) return [];
    return (this.#found.get(key) ?? []).filter(
      ({ frame, position }) =>
        position > first.position && position - first.position <= MAX_AHEAD && frame.time - first.frame.time <= LOOK_AHEAD,
    );
  }

  #note(ahead: Ahead): readonly number[] {
    const keys = keysOf(ahead.packet);
    ahead.keys = keys;
    for (const key of keys) {
      const list = this.#found.get(key);
      if (list) list.push(ahead);
      else this.#found.set(key, [ahead]);
    }
    return keys;
  }
}

/** By their content, and by their addresses and ports whole and with either port left open. */
function keysOf(packet: Packet): readonly number[] {
  const tuple = tupleOf(packet);
  const content = contentHash(packet);
  return tuple ? [content, tupleHash(tuple), openHash(tuple, "sport"), openHash(tuple, "dport")] : [content];
}
