import type { Frames } from "../model/frames.ts";
import type { Problem } from "../model/problem.ts";
import { TcpdumpReader } from "../parse/tcpdump/reader.ts";
import { readTcpdump } from "../parse/tcpdump/text.ts";
import { readCapture } from "../wire/capture.ts";
import { CompressionError, decompress } from "../wire/decompress.ts";
import type { Precedes } from "../wire/merge.ts";
import { TimeOrder } from "../wire/time-order.ts";
import { type CaptureType, recognise } from "./capture-type.ts";
import { InputFailure } from "./failure.ts";
import { openInput } from "./input.ts";

/** Some frames, which can be asked for until the next ones are, and the digits that a second of their times has. */
export interface FrameBatch {
  readonly frames: Frames;
  readonly digits: 6 | 9;
}

/** How to read a capture. */
export interface ReadOptions {
  /** What it is, when the content is not to decide. */
  readonly type?: CaptureType | undefined;
  /** A time of the day that it was taken, for a text that shows none: nanoseconds since the epoch. */
  readonly near?: bigint | undefined;
  /** Bring packets of several interfaces into the order of their times. */
  readonly inOrder?: boolean;
  /** Which of two frames of several captures was first, whatever their times. */
  readonly precedes?: Precedes;
}

/** A capture, or tcpdump's text of one, that can be read once. */
export interface OpenCapture {
  readonly name: string;
  /** Octets of the file, where that is known. */
  readonly size: number | undefined;
  /** More may come while it is read: no file, but what another program writes. */
  readonly isLive: boolean;
  /** Octets that have been read. */
  readonly octets: number;
  /** Where and how it breaks off, or which lines of a text cannot be read; complete when all was read. */
  readonly damage: readonly Problem[];
  /** Its frames, batch by batch; what is no capture is refused. */
  batches(piece?: number): AsyncGenerator<FrameBatch>;
  /** Nothing comes for a while: the frames that would wait for more. */
  held(): FrameBatch;
  /** Stops reading. */
  close(): void;
}

/** Opens a capture; says at once when there is no such file. */
export async function openCapture(path: string, { type, near, inOrder }: ReadOptions): Promise<OpenCapture> {
  const input = await openInput(path, "a capture (pcap or pcapng, or the text of tcpdump)");
  const damage: Problem[] = [];
  const order = new TimeOrder();
  let octets = 0;
  let digits: 6 | 9 = 6;
  let text: TcpdumpReader | undefined;
  let found = 0;

  async function* counted(piece: number | undefined): AsyncGenerator<Uint8Array> {
    for await (const chunk of input.chunks(piece)) {
      yield chunk;
      octets += chunk.length;
    }
  }
  async function* packets(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FrameBatch> {
    let several = false;
    for await (const batch of readCapture(input.name, chunks)) {
      several ||= batch.several && inOrder === true;
      digits = batch.digits;
      yield { frames: several ? order.push(batch.frames) : batch.frames, digits };
      if (batch.problem && batch.broken === "input") throw new InputFailure([batch.problem]);
      if (batch.problem) damage.push(batch.problem);
    }
    if (several) yield { frames: order.drain(), digits };
  }
  async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FrameBatch> {
    text = new TcpdumpReader(input.name, near);
    try {
      for await (const { frames, digits, problems } of readTcpdump(input.name, chunks, near, text)) {
        found += frames.length;
        damage.push(...problems);
        yield { frames, digits };
      }
    } catch (error) {
      if (!(error instanceof CompressionError)) throw error;
      damage.push({ file: input.name, message: error.message });
    }
    // A packet is read when its last line is there, which may be behind a line that was refused.
    damage.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
    if (found === 0 && damage.length > 0) throw new InputFailure(damage.splice(0));
  }
  return {
    name: input.name,
    size: input.size,
    isLive: input.size === undefined,
    damage,
    get octets() {
      return octets;
    },
    async *batches(piece) {
      const { isText, chunks } = await recognise(input.name, decompress(counted(piece)), type);
      yield* isText ? lines(chunks) : packets(chunks);
    },
    held() {
      if (!text) return { frames: order.drain(), digits };
      const frames = text.finish();
      found += frames.length;
      return { frames, digits: text.digits };
    },
    close: () => input.close?.(),
  };
}
