import type { ConntrackStep, PacketTrace, Step } from "../model/trace.ts";

type Others = NonNullable<PacketTrace["otherSteps"]>;

/** Steps of connection tracking with another state of the connection, in the place of those of a packet that others went like: the same for one packet after the other. */
export class OtherSteps {
  readonly #known = new WeakMap<Step, Map<string, Others>>();

  /** Those that there are already, and one more. */
  with(others: Others | undefined, step: ConntrackStep, protocolState: string): Others {
    let states = this.#known.get(step);
    if (!states) {
      states = new Map();
      this.#known.set(step, states);
    }
    let other = states.get(protocolState);
    if (!other) {
      other = new Map([[step, { ...step, protocolState }]]);
      states.set(protocolState, other);
    }
    return others ? new Map([...others, ...other]) : other;
  }
}
