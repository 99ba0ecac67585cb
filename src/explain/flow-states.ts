import type { Verdict } from "../model/trace.ts";

const VERDICTS: readonly Verdict[] = ["delivered", "forwarded", "dropped", "rejected", "queued", "unknown"];
const RANK: readonly Verdict[] = ["dropped", "rejected", "unknown", "delivered", "forwarded", "queued"];
const MISSING = 1 << VERDICTS.length;
const WENT_ON = 0b11;

/** What a connection came to: its worst verdict, or "part" when it lost only some of its packets. */
export type Ending = Verdict | "part";

const bit = (verdict: Verdict) => 1 << VERDICTS.indexOf(verdict);
const BAD = bit("dropped") | bit("rejected");
const TROUBLE = BAD | bit("unknown") | MISSING;

/** Numbers of connections by what they came to: all, and those without any trouble. */
export interface Endings {
  readonly all: Map<Ending, number>;
  readonly expected: Map<Ending, number>;
}

/** Connections whose ending can still change; those whose number is that much older than the newest are counted and forgotten. */
export const WINDOW = 1 << 22;

/** Counts connections by what they came to, an octet each for the newest ones. */
export class FlowStates {
  #states: Uint8Array;
  #newest = 0;
  readonly #settled: Endings = { all: new Map(), expected: new Map() };
  readonly #window: number;

  constructor(window = WINDOW) {
    this.#window = window;
    this.#states = new Uint8Array(Math.min(1024, window));
  }

  /** Takes a packet's verdict. */
  mark(flow: number, verdict: Verdict): void {
    this.#add(flow, bit(verdict));
  }

  /** A packet was not seen where it should have been. */
  miss(flow: number): void {
    this.#add(flow, MISSING);
  }

  #add(flow: number, bits: number): void {
    if (flow <= this.#newest - this.#window) return;
    if (flow > this.#newest) this.#advance(flow);
    const at = flow % this.#states.length;
    this.#states[at] = (this.#states[at] ?? 0) | bits;
  }

  #advance(flow: number): void {
    while (flow >= this.#states.length && this.#states.length < this.#window) {
      const larger = new Uint8Array(Math.min(this.#window, this.#states.length * 2));
      larger.set(this.#states);
      this.#states = larger;
    }
    const { length } = this.#states;
    for (let next = Math.max(this.#newest + 1, flow - length + 1); next <= flow; next++) {
      const state = this.#states[next % length] ?? 0;
      count(state, this.#settled);
      this.#states[next % length] = 0;
    }
    this.#newest = flow;
  }

  /** Number of connections by what they came to. */
  endings(): Endings {
    const { all, expected } = this.#settled;
    const sums = { all: new Map(all), expected: new Map(expected) };
    for (const state of this.#states) count(state, sums);
    return sums;
  }
}

function count(state: number, { all, expected }: Endings): void {
  if (state === 0) return;
  const lostSome = (state & BAD) !== 0 && (state & ~BAD & WENT_ON) !== 0;
  const ending = lostSome ? "part" : (RANK.find((verdict) => state & bit(verdict)) ?? "unknown");
  all.set(ending, (all.get(ending) ?? 0) + 1);
  if ((state & TROUBLE) === 0) expected.set(ending, (expected.get(ending) ?? 0) + 1);
}
