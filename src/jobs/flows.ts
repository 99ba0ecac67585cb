import { SeenAgain } from "../engine/recalled.ts";
import type { PacketTrace } from "../model/trace.ts";

/** Numbers connections in the order of their first packets, whichever replay had them. */
export class Flows {
  /** By the number that a replay has given. */
  readonly #numbers: number[][];
  #count = 0;

  constructor(shares: number) {
    this.#numbers = Array.from({ length: shares }, () => []);
  }

  /** The trace with its connection's number; to be asked once for each, in capture order. */
  renumber(trace: PacketTrace, share: number): PacketTrace {
    // It has the number of the one that it is.
    if (trace instanceof SeenAgain) return trace;
    const numbers = this.#numbers[share] as number[];
    let number = numbers[trace.flow];
    if (number === undefined) {
      number = ++this.#count;
      numbers[trace.flow] = number;
    }
    const own: { -readonly [K in "flow"]: PacketTrace[K] } = trace;
    own.flow = number;
    return trace;
  }
}
