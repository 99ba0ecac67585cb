import type { Frame } from "../model/packet.ts";

/** How far behind the newest frame, in nanoseconds and frames, one of another interface may come and still find its place. */
const WINDOW = 1_000_000_000n;
const MOST = 16_384;

interface Held {
  readonly frame: Frame;
  readonly key: bigint;
}

/**
 * Brings the frames of a capture's interfaces, which may have been written one interface after the other, into the order of their times.
 * Frames of one interface stay in their order, whatever their times are.
 */
export class TimeOrder {
  #held: Held[] = [];
  #newest: bigint | undefined;
  readonly #last = new Map<string | undefined, bigint>();

  /** Takes the next frames; gives back those that none is likely to come before. */
  push(frames: Iterable<Frame>): readonly Frame[] {
    let sorted = true;
    for (const frame of frames) {
      const last = this.#last.get(frame.interfaceName);
      const key = last !== undefined && last > frame.time ? last : frame.time;
      this.#last.set(frame.interfaceName, key);
      if (this.#newest === undefined || key > this.#newest) this.#newest = key;
      sorted &&= key >= (this.#held.at(-1)?.key ?? key);
      this.#held.push({ frame, key });
    }
    if (!sorted) this.#held.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const due = (this.#newest ?? 0n) - WINDOW;
    let end = Math.max(0, this.#held.length - MOST);
    for (let next = this.#held[end]; next && next.key < due; next = this.#held[end]) end++;
    return this.#take(end);
  }

  /** The frames that are held, which are not to wait for others. */
  drain(): readonly Frame[] {
    return this.#take(this.#held.length);
  }

  #take(end: number): readonly Frame[] {
    const due = this.#held.slice(0, end);
    this.#held = this.#held.slice(end);
    return due.map(({ frame }) => frame);
  }
}
