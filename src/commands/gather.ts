import type { Collected } from "../explain/collected.ts";
import { Gatherer } from "../explain/gatherer.ts";
import { joined } from "../explain/join.ts";
import { unpackPart } from "../explain/pack-part.ts";
import type { Part } from "../explain/part.ts";
import type { Explained } from "./explained.ts";
import { filterOf } from "./filters.ts";
import type { Interrupt } from "./interrupt.ts";
import type { Reader, Reading } from "./read-captures.ts";
import { Astray, type Gathering, type Threads } from "./threads.ts";

/** What was gathered, and what reading the capture came to. */
export interface Gathered {
  readonly collected: Collected;
  readonly reading: Reading;
}

/**
 * Has each thread gather what it finds of its share of the packets, and puts that together in the end. Throws `Astray` where that cannot be
 * relied on.
 */
export async function gather(
  { host, replay }: Explained,
  threads: Threads,
  { measure, filter }: Gathering,
  interrupt: Interrupt,
  read: (reader: Reader) => Promise<Reading>,
): Promise<Gathered> {
  const { weights } = threads;
  const own = new Gatherer(host, replay, weights, 0, measure, filterOf(filter));
  const parts: Part[] = [];
  let leftAside = 0;
  let taken = 0;

  const hear = (): void => {
    for (const { message } of threads.heard()) {
      if ("astray" in message) throw new Astray(message.astray);
      if (!("part" in message)) continue;
      if (message.taken !== taken) throw new Astray("the capture changed while it was read");
      parts.push(unpackPart(host, replay.capture, message.part));
    }
  };
  const check = (): void => {
    if (own.astray !== undefined) throw new Astray(own.astray);
  };
  const reading = await read({
    take: (frames) => {
      // What was read but had not been brought into order yet when the user had enough.
      if (interrupt.isPending) return;
      threads.advance(frames.length);
      taken += frames.length;
      for (let i = 0; i < frames.length; i++) if (!own.take(frames, i)) leftAside++;
      check();
      hear();
    },
  });
  threads.end();
  const part = own.finish();
  check();
  for (hear(); parts.length < weights.length - 1; hear()) await threads.wait();
  return { collected: joined([part, ...parts], leftAside, measure), reading: { ...reading, packets: taken } };
}
