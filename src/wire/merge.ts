import type { Frames } from "../model/frames.ts";
import type { Frame } from "../model/packet.ts";

const BATCH = 4096;
/** Times that differ by less, in nanoseconds, may be the same but for their digits. */
const CLOSE = 1000n;

/** One of several captures that are read as one. */
export interface FrameStream {
  /** Time of its first frame; absent when it has none. */
  readonly first: bigint | undefined;
  /** Begins to read it. */
  batches(): AsyncIterator<Frames>;
}

/** A stream that is being read. A frame out of order within it stays where it is: the frames after it count as no earlier. */
class Cursor {
  readonly #batches: AsyncIterator<Frames>;
  #frames: Frames = [];
  #index = 0;
  key: bigint;

  constructor(batches: AsyncIterator<Frames>, first: bigint) {
    this.#batches = batches;
    this.key = first;
  }

  get frame(): Frame | undefined {
    return this.#frames.at(this.#index);
  }

  /** Goes to the next frame; false when that has to be read first. */
  step(): boolean {
    this.#index++;
    return this.#settle();
  }

  /** Reads on; false at the end. */
  async read(): Promise<boolean> {
    for (;;) {
      const next = await this.#batches.next();
      if (next.done) return false;
      this.#frames = next.value;
      this.#index = 0;
      if (this.#settle()) return true;
    }
  }

  #settle(): boolean {
    const { frame } = this;
    if (frame && frame.time > this.key) this.key = frame.time;
    return frame !== undefined;
  }

  close(): void {
    void this.#batches.return?.();
  }
}

/** Whether a frame was certainly seen before another one, of about the same time. */
export type Precedes = (one: Frame, other: Frame) => boolean;

interface Open {
  readonly cursor: Cursor;
  readonly rank: number;
}

function isFirst(one: Open, other: Open, precedes: Precedes): boolean {
  const [a, b] = [one.cursor.frame, other.cursor.frame];
  const [at, than] = [one.cursor.key, other.cursor.key];
  if (a && b && at - than < CLOSE && than - at < CLOSE) {
    if (precedes(a, b)) return true;
    if (precedes(b, a)) return false;
  }
  return at < than || (at === than && one.rank < other.rank);
}

/**
 * Reads captures as one, in the order of their frames' times; those of one time in the order of the captures. A capture is opened when its first frame
 * is due, so that of many that follow each other only one is open at a time. `precedes` may know better than the times which of two frames was first.
 */
export async function* mergeByTime(streams: readonly FrameStream[], precedes: Precedes = () => false): AsyncGenerator<readonly Frame[]> {
  const waiting = streams.flatMap((stream, rank) => (stream.first === undefined ? [] : [{ first: stream.first, rank, stream }]));
  waiting.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.rank - b.rank));
  const open: Open[] = [];
  let ready: Frame[] = [];
  try {
    for (;;) {
      let best = open[0];
      for (const one of open) {
        if (best && one !== best && isFirst(one, best, precedes)) best = one;
      }
      const next = waiting[0];
      if (next && (!best || next.first <= best.cursor.key)) {
        waiting.shift();
        const cursor = new Cursor(next.stream.batches(), next.first);
        if (await cursor.read()) open.push({ cursor, rank: next.rank });
        continue;
      }
      const frame = best?.cursor.frame;
      if (!best || !frame) break;
      ready.push(frame);
      const more = best.cursor.step();
      if (ready.length >= BATCH || !more) {
        yield ready;
        ready = [];
      }
      if (!more && !(await best.cursor.read())) open.splice(open.indexOf(best), 1);
    }
    if (ready.length > 0) yield ready;
  } finally {
    for (const { cursor } of open) cursor.close();
  }
}
