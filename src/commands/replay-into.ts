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
  let at: Frame | undefined;
  // One for all, since few ask for it: it is that of the trace at hand.
  const time = () => (at ? times.text(at.time, digits(at)) : "");
  const give = (trace: PacketTrace) => {
    at = trace.frame;
    return sink.take(trace, time);
  };
  const pass = async (traces: readonly PacketTrace[]) => {
    for (const trace of traces) {
      const full = give(trace);
      if (full) await full;
    }
  };
  const reading = await read({
    take: async (frames, digitsOf) => {
      digits = digitsOf;
      for (const frame of frames) {
        if (!replayedPacket(frame)) sink.aside(frame);
        const traces = replay.push(frame);
        // What waits for nothing is not made to.
        for (let i = 0; i < traces.length; i++) {
          const full = give(traces[i] as PacketTrace);
          if (full) await full;
        }
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
