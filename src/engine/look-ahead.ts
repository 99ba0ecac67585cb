import type { Frame, Packet } from "../model/packet.ts";
import { tupleHash, tupleOf } from "./connection.ts";
import { FirstIn } from "./first-in.ts";
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
  /** Another replay's matter, which only tells something of this one's packets. */
  readonly foreign: boolean;
  /** By what it can be found, once somebody has asked. */
  keys: readonly number[] | undefined;
}

/** Up to so many packets are searched one by one. */
const FEW = 64;

/** The packets of the capture that come after the one at hand, never more than a window of them. */
export class LookAhead {
  readonly #queue = new FirstIn<Ahead>();
  /** Kept while somebody looks for something among many. */
  #found: Map<number, Ahead[]> | undefined;
  #count = 0;

  get first(): Ahead | undefined {
    return this.#queue.first;
  }

  /** How many packets were there before the first one. */
  get passed(): number {
    return this.#count - this.length;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Everything that waits, the packet at hand included, in order. */
  get all(): readonly Ahead[] {
    return this.#queue.all;
  }

  /** Takes in the next packet. */
  push(frame: Frame, packet: Packet, from: Netns, foreign = false): Ahead {
    const ahead: Ahead = { frame, packet, from, position: this.#count++, foreign, keys: undefined };
    this.#queue.push(ahead);
    if (this.#found) note(this.#found, ahead);
    return ahead;
  }

  /** A packet that need not wait has passed while none waited. */
  skip(): void {
    this.#count++;
  }

  /** The first packet is done with. */
  shift(): void {
    const first = this.#queue.shift();
    if (!first || !this.#found) return;
    if (this.length === 0) {
      this.#found = undefined;
      return;
    }
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
    const first = this.first;
    if (!first) return [];
    return this.#having(key).filter(
      ({ frame, position }) =>
        position > first.position && position - first.position <= MAX_AHEAD && frame.time - first.frame.time <= LOOK_AHEAD,
    );
  }

  #having(key: number): readonly Ahead[] {
    if (!this.#found && this.length <= FEW) return this.all.filter((one) => keysOf(one).includes(key));
    if (!this.#found) {
      this.#found = new Map();
      for (const ahead of this.all) note(this.#found, ahead);
    }
    return this.#found.get(key) ?? [];
  }
}

function note(found: Map<number, Ahead[]>, ahead: Ahead): void {
  for (const key of keysOf(ahead)) {
    const list = found.get(key);
    if (list) list.push(ahead);
    else found.set(key, [ahead]);
  }
}

/** By what a packet can be found: its content, and its addresses and ports whole and with either port left open. */
export function keysOf(ahead: Ahead): readonly number[] {
  ahead.keys ??= made(ahead.packet);
  return ahead.keys;
}

function made(packet: Packet): readonly number[] {
  const tuple = tupleOf(packet);
  const content = contentHash(packet);
  return tuple ? [content, tupleHash(tuple), openHash(tuple, "sport"), openHash(tuple, "dport")] : [content];
}
