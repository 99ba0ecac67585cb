import { parentPort, workerData } from "node:worker_threads";
import { Gatherer } from "../explain/gatherer.ts";
import { packPart } from "../explain/pack-part.ts";
import { Share } from "../jobs/share.ts";
import type { Frames } from "../model/frames.ts";
import { type Explained, loadExplained } from "./explained.ts";
import { InputFailure } from "./failure.ts";
import { filterOf } from "./filters.ts";
import { tuneHeap } from "./heap.ts";
import { openCapture } from "./read-frames.ts";
import { CHANGES, FRAMES, type FromWorker, type Gathering, IS_ALL, type WorkerTask } from "./threads.ts";

/** Frames after which is told what was found. */
const BATCH = 2048;

const { asked, weights, own, gathering, shared } = workerData as WorkerTask;

/** What is done with frames. */
interface Taker {
  take(frames: Frames, index: number): void;
  /** Tells what was found since the last time, where that is not gathered. */
  tell?(): void;
  /** Tells the rest, where that can be relied on. */
  finish(taken: number): void;
  /** Why it cannot. */
  readonly astray: string | undefined;
}

function tell(message: FromWorker): void {
  parentPort?.postMessage(message, "batch" in message ? [message.batch.data.buffer] : []);
}

/** How many frames may be taken: more than so many, for which it waits, or these were all. */
function allowed(taken: number): number {
  for (;;) {
    const changes = Atomics.load(shared, CHANGES);
    const isAll = Atomics.load(shared, IS_ALL) === 1;
    const frames = Atomics.load(shared, FRAMES);
    if (frames > taken || isAll) return frames;
    Atomics.wait(shared, CHANGES, changes);
  }
}

/** Sends what it finds as it goes. */
function sender({ host, replay }: Explained): Taker {
  const share = new Share(host, replay, weights, own);
  return {
    take: (frames, index) => share.take(frames, index),
    tell: () => tell({ batch: share.batch() }),
    finish(taken) {
      const batch = share.finish();
      if (share.astray === undefined) tell({ batch, taken });
    },
    get astray() {
      return share.astray;
    },
  };
}

/** Gathers what it finds, and sends what came of it. */
function gathererOf({ host, replay }: Explained, { measure, filter }: Gathering): Taker {
  const gatherer = new Gatherer(host, replay, weights, own, measure, filterOf(filter));
  return {
    take: (frames, index) => gatherer.take(frames, index),
    finish(taken) {
      const part = gatherer.finish();
      if (gatherer.astray === undefined) tell({ part: packPart(host, part), taken });
    },
    get astray() {
      return gatherer.astray;
    },
  };
}

/** Takes its share of the capture, never more of it than the main thread has read. */
async function work(): Promise<void> {
  const explained = await loadExplained(asked);
  const taker = gathering ? gathererOf(explained, gathering) : sender(explained);
  const capture = await openCapture(asked.captures[0]?.path ?? "", explained.reading);
  let taken = 0;
  let limit = 0;
  const take = (frames: Frames, index: number): boolean => {
    if (taken >= limit) {
      taker.tell?.();
      limit = allowed(taken);
      if (taken >= limit) return false;
    }
    taken++;
    taker.take(frames, index);
    if (taker.astray !== undefined) return false;
    if (taken % BATCH === 0) taker.tell?.();
    return true;
  };
  try {
    reading: for await (const { frames } of capture.batches()) {
      for (let i = 0; i < frames.length; i++) if (!take(frames, i)) break reading;
    }
  } catch (error) {
    // The main thread reads the same, and says what is wrong with it.
    if (!(error instanceof InputFailure)) throw error;
  }
  if (taker.astray === undefined) taker.finish(taken);
  if (taker.astray !== undefined) tell({ astray: taker.astray });
}

tuneHeap();
void work();
