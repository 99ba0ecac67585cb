import { parentPort, workerData } from "node:worker_threads";
import { Share } from "../jobs/share.ts";
import type { Frame } from "../model/packet.ts";
import { loadExplained } from "./explained.ts";
import { InputFailure } from "./failure.ts";
import { openCapture } from "./read-frames.ts";
import { CHANGES, FRAMES, type FromWorker, IS_ALL, type WorkerTask } from "./threads.ts";

/** Frames after which is told what was found. */
const BATCH = 2048;

const { asked, weights, own, shared } = workerData as WorkerTask;

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

/** Takes its share of the capture, never more of it than the main thread has read. */
async function work(): Promise<void> {
  const { host, replay, reading } = await loadExplained(asked);
  const share = new Share(host, replay, weights, own);
  const capture = await openCapture(asked.captures[0]?.path ?? "", reading);
  let taken = 0;
  let limit = 0;
  const take = (frame: Frame): boolean => {
    if (taken >= limit) {
      tell({ batch: share.batch() });
      limit = allowed(taken);
      if (taken >= limit) return false;
    }
    taken++;
    share.take(frame);
    if (share.astray !== undefined) {
      tell({ astray: share.astray });
      return false;
    }
    if (taken % BATCH === 0) tell({ batch: share.batch() });
    return true;
  };
  try {
    for await (const { frames } of capture.batches()) if (!frames.every(take)) break;
  } catch (error) {
    // The main thread reads the same, and says what is wrong with it.
    if (!(error instanceof InputFailure)) throw error;
  }
  if (share.astray !== undefined) return;
  const batch = share.finish();
  tell(share.astray === undefined ? { batch, taken } : { astray: share.astray });
}

await work();
