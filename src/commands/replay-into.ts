import type { Replay } from "../engine/replay.ts";
import { type Frame, replayedPacket } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { TimeText } from "../wire/time.ts";
import type { Output } from "./output.ts";
import type { Reader, Reading } from "./read-captures.ts";
import type { Sink } from "./sinks.ts";

/** Gives a sink what becomes of the packets that are read: when it is certain, or when nothing comes that could tell more. */
export async function replayInto(sink: Sink, replay: Replay, output: Output, read: (reader: Reader) => Promise<Reading>): Promise<Reading> {
  const times = new TimeText();
  let digits: (frame: Frame) => 6 | 9 = () => 6;
  const pass = async (traces: readonly PacketTrace[]) => {
    for (const trace of traces) {
      const full = sink.take(trace, () => times.text(trace.frame.time, digits(trace.frame)));
      if (full) await full;
    }
  };
  const reading = await read({
    take: async (frames, digitsOf) => {
      digits = digitsOf;
      for (const frame of frames) {
        if (!replayedPacket(frame)) sink.aside(frame);
        const traces = replay.push(frame);
        if (traces.length > 0) await pass(traces);
      }
    },
    pause: async (pause) => {
      if (pause === "long") await pass(replay.pause());
      await output.flush();
    },
  });
  await pass(replay.finish());
  return reading;
}
