import type { ConntrackStep, PacketTrace, Step } from "../model/trace.ts";
import type { Tracked } from "./lesson.ts";

type Others = NonNullable<PacketTrace["otherSteps"]>;

/** Says which steps of connection tracking a further packet has in the place of those of the one that it went like: mostly one, in the same state as with others. */
export class OtherSteps {
  readonly #known = new WeakMap<Step, Map<string, Others>>();

  /** Those of a packet whose turns have been taken; undefined when all are the same. */
  of(turns: readonly Pick<Tracked, "connection" | "step">[]): Others | undefined {
    let [others, most]: [Others | undefined, Map<Step, Step> | undefined] = [undefined, undefined];
    for (let i = 0; i < turns.length; i++) {
      const { connection, step } = turns[i] as Pick<Tracked, "connection" | "step">;
      const protocolState = connection?.tcp?.state;
      if (step.protocolState === undefined || protocolState === undefined || step.protocolState === protocolState) continue;
      const other = this.#other(step, protocolState);
      if (!others) {
        others = other;
        continue;
      }
      most ??= new Map(others);
      for (const [one, instead] of other) most.set(one, instead);
    }
    return most ?? others;
  }

  #other(step: ConntrackStep, protocolState: string): Others {
    let states = this.#known.get(step);
    if (!states) {
      states = new Map();
      this.#known.set(step, states);
    }
    let others = states.get(protocolState);
    if (!others) {
      others = new Map([[step, { ...step, protocolState }]]);
      states.set(protocolState, others);
    }
    return others;
  }
}
