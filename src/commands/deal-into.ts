import { Dealer } from "../jobs/dealer.ts";
import { sharedState } from "../jobs/shared-state.ts";
import { type Frame, replayedPacket } from "../model/packet.ts";
import { formatTime } from "../wire/time.ts";
import type { Explained } from "./explained.ts";
import { gather } from "./gather.ts";
import type { Interrupt } from "./interrupt.ts";
import type { Reader, Reading } from "./read-captures.ts";
import type { Sink } from "./sinks.ts";
import { Astray, type Threads } from "./threads.ts";

/** Frames that wait for what workers find of them: more than what one replay needs to be sure of a packet (see the observer and the look-ahead). */
const WAITING = 32_768;

/** What a sink was given already, when the packets could not be dealt after all. */
interface Given {
  traces: number;
  asides: number;
}

/** What else is needed: to read the captures, to do all in one thread, and to say why. */
interface Means {
  read(reader: Reader): Promise<Reading>;
  inOne(sink: Sink): Promise<Reading>;
  say(because: () => string): void;
}

/** The same as `replayInto`, with several threads where packets can be dealt to them, and with one where not. */
export async function dealInto(sink: Sink, explained: Explained, threads: Threads, interrupt: Interrupt, means: Means): Promise<Reading> {
  const because = sharedState(explained.host);
  const given: Given = { traces: 0, asides: 0 };
  const inOne = async (why: () => string): Promise<Reading> => {
    means.say(why);
    await threads.close();
    return means.inOne(skipping(sink, given));
  };
  if (because !== undefined) return inOne(() => because);
  try {
    const { gathering } = threads;
    if (!gathering || !sink.give) return await deal(sink, explained, threads, given, interrupt, means);
    const { collected, reading } = await gather(explained, threads, gathering, interrupt, means.read);
    sink.give(collected);
    return reading;
  } catch (error) {
    if (!(error instanceof Astray)) throw error;
    return inOne(() => sharedState(explained.host, true) ?? error.message);
  }
}

async function deal(
  sink: Sink,
  { host, replay }: Explained,
  threads: Threads,
  given: Given,
  interrupt: Interrupt,
  { read }: Means,
): Promise<Reading> {
  const dealer = new Dealer(host, replay, threads.weights);
  let digits: (frame: Frame) => 6 | 9 = () => 6;
  let taken = 0;
  const running = new Set(threads.weights.keys());
  running.delete(0);

  const hear = (): void => {
    for (const { own, message } of threads.heard()) {
      if ("astray" in message) throw new Astray(message.astray);
      if (!("batch" in message)) continue;
      if (message.taken !== undefined) {
        running.delete(own);
        if (message.taken !== taken) throw new Astray("the capture changed while it was read");
      }
      dealer.receive(own, message.batch);
    }
  };
  const pass = async (): Promise<void> => {
    hear();
    for (const trace of dealer.ready()) {
      given.traces++;
      const full = sink.take(trace, () => formatTime(trace.frame.time, digits(trace.frame)));
      if (full) await full;
    }
    if (dealer.astray !== undefined) throw new Astray(dealer.astray);
  };
  const reading = await read({
    take: async (frames, digitsOf) => {
      // What was read but had not been brought into order yet when the user had enough.
      if (interrupt.isPending) return;
      digits = digitsOf;
      threads.advance(frames.length);
      taken += frames.length;
      for (const frame of frames) {
        if (!replayedPacket(frame)) {
          given.asides++;
          sink.aside(frame);
        }
        dealer.take(frame);
      }
      await pass();
      while (dealer.waiting > WAITING) {
        await threads.wait();
        await pass();
      }
    },
  });
  dealer.finish();
  threads.end();
  for (;;) {
    await pass();
    if (running.size === 0) break;
    await threads.wait();
  }
  return { ...reading, packets: taken };
}

/** A sink that is given everything once more from the beginning, and takes what it was not given yet. */
function skipping(sink: Sink, given: Given): Sink {
  if (given.traces === 0 && given.asides === 0) return sink;
  const left = { ...given };
  return {
    ...sink,
    listener: undefined,
    take: (trace, time) => (left.traces-- > 0 ? undefined : sink.take(trace, time)),
    aside: (frame) => {
      if (left.asides-- <= 0) sink.aside(frame);
    },
  };
}
