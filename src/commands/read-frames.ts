import type { Frame } from "../model/packet.ts";
import type { Problem } from "../model/problem.ts";
import { readCapture } from "../wire/capture.ts";
import { InputFailure } from "./failure.ts";
import { openInput } from "./input.ts";
import { Progress } from "./progress.ts";

/** What reading a capture came to. */
export interface Reading {
  readonly name: string;
  /** Where and how the capture broke off; everything before was read. */
  readonly damage?: Problem;
}

/** Reads a capture and hands over its frames batch by batch; what is no capture is refused. */
export async function readFrames(path: string, take: (frames: readonly Frame[], digits: 6 | 9) => Promise<void> | void): Promise<Reading> {
  const input = await openInput(path, "a capture (pcap or pcapng)");
  const progress = new Progress(input.size);
  let octets = 0;
  let packets = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input.chunks()) {
      octets += chunk.length;
      yield chunk;
    }
  }
  try {
    for await (const batch of readCapture(input.name, counted())) {
      packets += batch.frames.length;
      if (batch.frames.length > 0) await take(batch.frames, batch.digits);
      progress.tell(octets, packets);
      if (batch.problem && batch.broken === "input") throw new InputFailure([batch.problem]);
      if (batch.problem) return { name: input.name, damage: batch.problem };
    }
  } finally {
    progress.stop();
  }
  return { name: input.name };
}
