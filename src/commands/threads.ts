import { Worker } from "node:worker_threads";
import type { PackedPart } from "../explain/pack-part.ts";
import type { Measure } from "../explain/part.ts";
import type { Batch } from "../jobs/batch.ts";
import type { Asked } from "./explained.ts";
import { ThreadFailure } from "./failure.ts";
import type { FilterValues } from "./filters.ts";
import { clearAlone } from "./heap.ts";

/** Where in what threads share stands how many frames workers may take, whether these are all, and how often that was changed. */
export const [FRAMES, IS_ALL, CHANGES] = [0, 1, 2];

/** What each thread gathers for itself. */
export interface Gathering {
  readonly measure: Measure;
  readonly filter: FilterValues;
}

/** What a worker is to do: to gather what it finds until the end, or to send that as it goes. */
export interface WorkerTask {
  readonly asked: Asked;
  readonly weights: readonly number[];
  readonly own: number;
  readonly gathering?: Gathering | undefined;
  readonly shared: Int32Array<SharedArrayBuffer>;
}

/** What a worker says; with the last of it, how many frames it has taken. */
export type FromWorker =
  | { readonly batch: Batch; readonly taken?: number }
  | { readonly part: PackedPart; readonly taken: number }
  | { readonly astray: string };

/** The packets could not be dealt to threads after all. */
export class Astray extends Error {}

/** How much the main thread gets where it has to print as well. */
const MAIN = 0.8;

/** The worker threads beside the main one. */
export class Threads {
  readonly weights: readonly number[];
  readonly gathering: Gathering | undefined;
  readonly #workers: readonly Worker[];
  readonly #shared = new Int32Array(new SharedArrayBuffer(12));
  #messages: { readonly own: number; readonly message: FromWorker }[] = [];
  #failure: ThreadFailure | undefined;
  #wake: (() => void) | undefined;

  /** Starts so many threads, the main one counted. */
  constructor(jobs: number, asked: Asked, gathering: Gathering | undefined) {
    this.gathering = gathering;
    const weights = [gathering ? 1 : MAIN, ...Array.from({ length: jobs - 1 }, () => 1)];
    this.weights = weights;
    clearAlone();
    this.#workers = weights.slice(1).map((_, i) => this.#start({ asked, weights, own: i + 1, gathering, shared: this.#shared }));
  }

  #start(task: WorkerTask): Worker {
    const worker = new Worker(new URL("../worker.cjs", import.meta.url), { workerData: task, stdout: true, stderr: true });
    worker.on("message", (message: FromWorker) => {
      this.#messages.push({ own: task.own, message });
      this.#rouse();
    });
    worker.on("error", (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => {
      if (code !== 0) this.#fail(`exit code ${code}`);
    });
    return worker;
  }

  #fail(what: string): void {
    this.#failure ??= new ThreadFailure(`a thread ended that should not have (${what}); --jobs 1 does without`);
    this.#rouse();
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Lets workers take so many more frames. */
  advance(frames: number): void {
    Atomics.add(this.#shared, FRAMES, frames);
    this.#changed();
  }

  /** Tells workers that these were all. */
  end(): void {
    Atomics.store(this.#shared, IS_ALL, 1);
    this.#changed();
  }

  #changed(): void {
    Atomics.add(this.#shared, CHANGES, 1);
    Atomics.notify(this.#shared, CHANGES);
  }

  /** What workers have said since the last time; throws when one has failed. */
  heard(): readonly { readonly own: number; readonly message: FromWorker }[] {
    if (this.#failure) throw this.#failure;
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  /** Waits until there is something to be heard. */
  async wait(): Promise<void> {
    if (this.#messages.length > 0 || this.#failure) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Ends all threads but the main one. */
  async close(): Promise<void> {
    for (const worker of this.#workers) worker.removeAllListeners();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
