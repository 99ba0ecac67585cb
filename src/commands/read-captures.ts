import type { Frames } from "../model/frames.ts";
import type { Frame, Source } from "../model/packet.ts";
import type { Problem } from "../model/problem.ts";
import type { FrameDraft } from "../wire/frame-draft.ts";
import { type FrameStream, mergeByTime } from "../wire/merge.ts";
import { InputFailure } from "./failure.ts";
import type { Interrupt } from "./interrupt.ts";
import { type Pause, withPauses } from "./pauses.ts";
import { Progress } from "./progress.ts";
import { type FrameBatch, type OpenCapture, openCapture, type ReadOptions } from "./read-frames.ts";

/** A capture to read; `source` is what its frames are to name when there are several. */
export interface CaptureFile {
  readonly path: string;
  readonly source?: Source;
}

/** What is done with what is read. */
export interface Reader {
  take(frames: Frames, digitsOf: (frame: Frame) => 6 | 9): Promise<void> | void;
  /** Nothing comes: for a moment, or for long. */
  pause?(pause: Pause): Promise<void> | void;
}

/** What reading came to. */
export interface Reading {
  readonly packets: number;
  /** It ended before the input did. */
  readonly isInterrupted: boolean;
  readonly isLive: boolean;
  /** Where and how captures broke off, or which lines of a text could not be read; all else was. */
  readonly damage: readonly Problem[];
}

/** Octets that are read of a file to find its first packet. */
const PEEK = 1 << 16;

/** One or several captures on their way to a reader. */
class Readings {
  readonly damage: Problem[] = [];
  readonly #open: OpenCapture[] = [];
  readonly #digits = new Map<string | undefined, 6 | 9>();
  readonly digitsOf = ({ source }: Frame): 6 | 9 => this.#digits.get(source?.capture) ?? 6;

  get octets(): number {
    return this.#open.reduce((sum, capture) => sum + capture.octets, 0);
  }

  async open(path: string, options: ReadOptions): Promise<OpenCapture> {
    const capture = await openCapture(path, options);
    this.#open.push(capture);
    return capture;
  }

  /** The frames of a capture, which name it when there are several. */
  async *frames(capture: OpenCapture, source: Source | undefined, first?: AsyncIterator<FrameBatch>): AsyncGenerator<Frames> {
    const batches = first ?? capture.batches();
    for (let next = await batches.next(); !next.done; next = await batches.next()) yield this.tagged(next.value, source);
    this.damage.push(...capture.damage);
  }

  tagged({ frames, digits }: FrameBatch, source: Source | undefined): Frames {
    this.#digits.set(source?.capture, digits);
    if (!source) return frames;
    const tagged = [...frames];
    for (const frame of tagged) (frame as FrameDraft).source = source;
    return tagged;
  }

  close(): void {
    for (const capture of this.#open) if (capture.isLive) capture.close();
  }
}

/** Reads one capture, or several in the order of their times, until their end or Ctrl-C. `streaming`: results are printed meanwhile. */
export async function readCaptures(
  files: readonly CaptureFile[],
  options: ReadOptions,
  streaming: boolean,
  interrupt: Interrupt,
  reader: Reader,
): Promise<Reading> {
  const readings = new Readings();
  const captures = await Promise.all(files.map(({ path }) => readings.open(path, options)));
  const isLive = captures.some((capture) => capture.isLive);
  const sizes = captures.map(({ size }) => size);
  const total = sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  const progress = new Progress(total, streaming);
  const [only, ...others] = captures;
  const source =
    only && others.length === 0
      ? readings.frames(only, files[0]?.source)
      : mergeByTime(await streamsOf(readings, captures, files, options), options.precedes);
  let packets = 0;
  const take = async (frames: Frames) => {
    packets += frames.length;
    if (frames.length > 0) await reader.take(frames, readings.digitsOf);
    await progress.tell(readings.octets, packets);
  };
  try {
    for await (const found of withPauses(source, isLive, interrupt)) {
      if (typeof found !== "string") {
        await take(found);
        continue;
      }
      if (found === "long" && only && others.length === 0) await take(readings.tagged(only.held(), files[0]?.source));
      await reader.pause?.(found);
    }
    if (interrupt.isPending && only && others.length === 0) await take(readings.tagged(only.held(), files[0]?.source));
  } finally {
    progress.stop();
    if (interrupt.isPending) readings.close();
  }
  return { packets, isInterrupted: interrupt.isPending, isLive, damage: readings.damage };
}

/** Looks for the first packet of each capture. Files are opened again when it is due; what can be read only once stays open. */
async function streamsOf(
  readings: Readings,
  captures: readonly OpenCapture[],
  files: readonly CaptureFile[],
  options: ReadOptions,
): Promise<readonly FrameStream[]> {
  const streams: FrameStream[] = [];
  for (const [i, capture] of captures.entries()) {
    const { path, source } = files[i] as CaptureFile;
    const batches = capture.batches(PEEK);
    const first = await firstOf(batches).catch((error) => {
      // What tcpdump has begun but not written to yet.
      if (!(error instanceof InputFailure) || capture.octets > 0) throw error;
      readings.damage.push(...error.problems);
      return undefined;
    });
    if (!first) readings.damage.push(...capture.damage);
    if (capture.isLive) {
      streams.push({ first: first?.frames.at(0)?.time, batches: () => readings.frames(capture, source, prepended(first, batches)) });
      continue;
    }
    await batches.return(undefined);
    streams.push({ first: first?.frames.at(0)?.time, batches: () => reopened(readings, path, source, options) });
  }
  return streams;
}

async function* reopened(readings: Readings, path: string, source: Source | undefined, options: ReadOptions): AsyncGenerator<Frames> {
  yield* readings.frames(await readings.open(path, options), source);
}

async function firstOf(batches: AsyncIterator<FrameBatch>): Promise<FrameBatch | undefined> {
  for (let next = await batches.next(); !next.done; next = await batches.next()) if (next.value.frames.length > 0) return next.value;
  return undefined;
}

async function* prepended(first: FrameBatch | undefined, rest: AsyncIterator<FrameBatch>): AsyncGenerator<FrameBatch> {
  if (first) yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
