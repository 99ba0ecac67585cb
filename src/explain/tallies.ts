import { type Budget, Distinct, Estimate, numberOf } from "./distinct.ts";

/** Packets and connections that have something in common. */
export interface Tally<T> {
  readonly label: T;
  packets: number;
  readonly flows: Distinct;
  /** The candidate for what befell most of them, and its lead over everything else (Boyer and Moore's vote). */
  most?: string;
  lead: number;
}

/** Tallies in order, those with the most packets first. */
export interface Ranking<T> {
  readonly top: readonly Tally<T>[];
  readonly inAll: number;
  /** Whether `inAll` is one to within some 2 %. */
  readonly about: boolean;
  readonly packets: number;
  /** Packets that each tally may lack, because there were too many to keep them all. */
  readonly slack: number;
}

/**
 * Tallies by key, of which only so many are kept: when there are twice as many, the smaller half is forgotten (Misra and
 * Gries, 1982). A tally then lacks at most `slack` packets, and whatever is larger than that is there.
 */
export class Tallies<T> {
  readonly #kept = new Map<string, Tally<T>>();
  readonly #capacity: number;
  readonly #budget: Budget;
  #keys: Estimate | undefined;
  #packets = 0;
  #slack = 0;

  constructor(capacity: number, budget: Budget) {
    this.#capacity = capacity;
    this.#budget = budget;
  }

  /** Counts a packet; `label` is asked for when the key is new, `most` says what befell the packet. */
  add(key: string, flow: number, label: () => T, most?: string): void {
    this.#packets++;
    const tally = this.#kept.get(key) ?? this.#begin(key, label);
    tally.packets++;
    tally.flows.add(flow);
    if (most === undefined) return;
    if (tally.lead === 0) tally.most = most;
    tally.lead += tally.most === most ? 1 : -1;
  }

  #begin(key: string, label: () => T): Tally<T> {
    if (this.#kept.size >= this.#capacity * 2) this.#forget();
    const tally: Tally<T> = { label: label(), packets: 0, flows: new Distinct(this.#budget), lead: 0 };
    this.#kept.set(key, tally);
    this.#keys?.add(numberOf(key));
    return tally;
  }

  #forget(): void {
    if (!this.#keys) {
      this.#keys = new Estimate();
      for (const key of this.#kept.keys()) this.#keys.add(numberOf(key));
    }
    const sorted = [...this.#kept].sort(([, a], [, b]) => b.packets - a.packets);
    for (const [key, tally] of sorted.slice(this.#capacity)) {
      this.#kept.delete(key);
      tally.flows.release();
    }
    this.#slack += sorted[this.#capacity]?.[1].packets ?? 0;
  }

  /** The largest ones. */
  ranking(most: number): Ranking<T> {
    const top = [...this.#kept.values()].sort((a, b) => b.packets - a.packets).slice(0, most);
    const inAll = Math.max(this.#keys?.size ?? 0, this.#kept.size);
    return { top, inAll, about: this.#keys !== undefined, packets: this.#packets, slack: this.#slack };
  }
}
