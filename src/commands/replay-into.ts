import type { Replay } from "../engine/replay.ts";
import type { Frame } from "../model/packet.ts";
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
  // Gives a promise only where something has to be waited for: for most packets nothing has.
  const pass = (traces: readonly PacketTrace[], from = 0): Promise<void> | undefined => {
    for (let i = from; i < traces.length; i++) {
      const trace = traces[i] as PacketTrace;
      at = trace.frame;
      const full = sink.take(trace, time);
      if (full) return full.then(() => pass(traces, i + 1));
    }
    return undefined;
  };
  const reading = await read({
    take: async (frames, digitsOf) => {
      digits = digitsOf;
      for (let i = 0; i < frames.length; i++) {
        const traces = replay.take(frames, i);
        const full = traces ? pass(traces) : sink.aside(frames.at(i) as Frame);
        if (full) await full;
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
