import type { Frame } from "../model/packet.ts";
import type { Problem } from "../model/problem.ts";
import { readTcpdump } from "../parse/tcpdump/text.ts";
import { readCapture } from "../wire/capture.ts";
import { CompressionError, decompress } from "../wire/decompress.ts";
import { type CaptureType, recognise } from "./capture-type.ts";
import { InputFailure } from "./failure.ts";
import { openInput } from "./input.ts";
import { Progress } from "./progress.ts";

/** What reading a capture came to. */
export interface Reading {
  readonly name: string;
  /** Where and how the capture broke off, or which lines of a text could not be read; all else was. */
  readonly damage: readonly Problem[];
}

/** Takes frames, with the digits that a second of their times has. */
export type TakeFrames = (frames: readonly Frame[], digits: 6 | 9) => Promise<void> | void;

/** How to read a capture. */
export interface ReadOptions {
  /** What it is, when the content is not to decide. */
  readonly type?: CaptureType | undefined;
  /** A time of the day that it was taken, for a text that shows none: nanoseconds since the epoch. */
  readonly near?: bigint | undefined;
  /** Results are printed meanwhile, so that progress would get between them on a terminal (the default). */
  readonly streaming?: boolean;
}

/** Reads a capture, or tcpdump's text of one, and hands over its frames batch by batch; what is neither is refused. */
export async function readFrames(path: string, { type, near, streaming = true }: ReadOptions, take: TakeFrames): Promise<Reading> {
  const input = await openInput(path, "a capture (pcap or pcapng, or the text of tcpdump)");
  const progress = new Progress(input.size, streaming);
  let octets = 0;
  let packets = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input.chunks()) {
      yield chunk;
      octets += chunk.length;
    }
  }
  const counting: TakeFrames = async (frames, digits) => {
    packets += frames.length;
    if (frames.length > 0) await take(frames, digits);
    await progress.tell(octets, packets);
  };
  try {
    const { isText, chunks } = await recognise(input.name, decompress(counted()), type);
    const damage = isText ? await readText(input.name, chunks, near, counting) : await readPackets(input.name, chunks, counting);
    return { name: input.name, damage };
  } finally {
    progress.stop();
  }
}

async function readPackets(name: string, chunks: AsyncIterable<Uint8Array>, take: TakeFrames): Promise<readonly Problem[]> {
  for await (const batch of readCapture(name, chunks)) {
    await take(batch.frames, batch.digits);
    if (batch.problem && batch.broken === "input") throw new InputFailure([batch.problem]);
    if (batch.problem) return [batch.problem];
  }
  return [];
}

async function readText(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  near: bigint | undefined,
  take: TakeFrames,
): Promise<readonly Problem[]> {
  const damage: Problem[] = [];
  let found = 0;
  try {
    for await (const { frames, digits, problems } of readTcpdump(name, chunks, near)) {
      found += frames.length;
      damage.push(...problems);
      await take(frames, digits);
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    damage.push({ file: name, message: error.message });
  }
  // A packet is read when its last line is there, which may be behind a line that was refused.
  damage.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
  if (found === 0 && damage.length > 0) throw new InputFailure(damage);
  return damage;
}
