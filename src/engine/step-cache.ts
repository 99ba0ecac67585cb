import type { PacketContext } from "../extensions/spec.ts";
import type { EndStep, RuleStep } from "../model/trace.ts";

/** Pairs of devices that a step is kept for. */
const MOST = 256;

/** What of a packet and its place a step of a rule or a chain's end tells. */
type Place = Pick<PacketContext, "hook" | "in" | "out" | "physIn" | "physOut" | "mark">;

/** Steps of which nothing can be said but where they were taken, so that one is as good for the next packet: the last for each pair of devices. */
export class StepCache<T extends RuleStep | EndStep> {
  readonly #steps = new Map<string, Map<string, T>>();
  #size = 0;
  /** The devices of the last one, which mostly are asked for again. */
  #in = "";
  #out = "";
  #last: T | undefined;

  /** The step that says of a packet where it was taken, if there is one. */
  find({ hook, in: input, out, physIn, physOut, mark }: Place): T | undefined {
    const known = this.#last && this.#in === input && this.#out === out ? this.#last : this.#steps.get(input)?.get(out);
    if (known?.hook !== hook || known.physin !== physIn || known.physout !== physOut || (known.mark ?? 0) !== mark) return undefined;
    this.#in = input;
    this.#out = out;
    this.#last = known;
    return known;
  }

  /** Keeps the step of a packet for the next one, and gives it back. */
  keep({ in: input, out }: Place, step: T): T {
    if (this.#size >= MOST) {
      this.#steps.clear();
      this.#size = 0;
    }
    let known = this.#steps.get(input);
    if (!known) {
      known = new Map();
      this.#steps.set(input, known);
    }
    if (!known.has(out)) this.#size++;
    known.set(out, step);
    this.#in = input;
    this.#out = out;
    this.#last = step;
    return step;
  }
}
