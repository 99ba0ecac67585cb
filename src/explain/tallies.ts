import { type Budget, Distinct, Estimate, numberOf } from "./distinct.ts";

/** Packets and connections that have something in common. */
export interface Tally<T> {
  readonly label: T;
  readonly packets: number;
  readonly flows: { readonly size: number; readonly about: boolean };
  /** The candidate for what befell most of them. */
  readonly most?: string;
}

/** A tally that is still growing. */
interface Growing<T> extends Tally<T> {
  packets: number;
  readonly flows: Distinct;
  most?: string;
  /** Its candidate's lead over everything else (Boyer and Moore's vote). */
  lead: number;
  /** Number of the frame that began it. */
  readonly first: number;
}

/** Tallies in order, those with the most packets first, and of as many the one that began first. */
export interface Ranking<T> {
  readonly top: readonly Tally<T>[];
  readonly inAll: number;
  /** Whether `inAll` is one to within some 2 %. */
  readonly about: boolean;
  readonly packets: number;
  /** Packets that each tally may lack, because there were too many to keep them all. */
  readonly slack: number;
}

/** What has tallies. */
export interface Ranked<T> {
  /** The largest ones. */
  ranking(most: number): Ranking<T>;
}

/** All tallies of a part of a capture, and when each began. */
export interface Counts<T> {
  readonly packets: number;
  readonly tallies: readonly {
    readonly key: string;
    readonly label: T;
    readonly packets: number;
    readonly connections: number;
    readonly first: number;
  }[];
}

/**
 * Tallies by key, of which only so many are kept: when there are twice as many, the smaller half is forgotten (Misra and
 * Gries, 1982). A tally then lacks at most `slack` packets, and whatever is larger than that is there.
 */
export class Tallies<T> implements Ranked<T> {
  readonly #kept = new Map<string, Growing<T>>();
  readonly #capacity: number;
  readonly #budget: Budget;
  #keys: Estimate | undefined;
  #packets = 0;
  #slack = 0;

  constructor(capacity: number, budget: Budget) {
    this.#capacity = capacity;
    this.#budget = budget;
  }

  /** Counts a packet, that of a frame; `label` is asked for when the key is new, `most` says what befell the packet. */
  add(key: string, flow: number, frame: number, label: () => T, most?: string): void {
    this.#packets++;
    const tally = this.#kept.get(key) ?? this.#begin(key, frame, label);
    tally.packets++;
    tally.flows.add(flow);
    if (most === undefined) return;
    if (tally.lead === 0) tally.most = most;
    tally.lead += tally.most === most ? 1 : -1;
  }

  #begin(key: string, first: number, label: () => T): Growing<T> {
    if (this.#kept.size >= this.#capacity * 2) this.#forget();
    const tally: Growing<T> = { label: label(), packets: 0, flows: new Distinct(this.#budget), lead: 0, first };
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

  /** How many there are. */
  get size(): number {
    return this.#kept.size;
  }

  /** All of them, where none was forgotten. */
  counts(): Counts<T> {
    const tallies = [...this.#kept].map(([key, { label, packets, flows, first }]) => ({
      ...{ key, label, packets, first },
      connections: flows.size,
    }));
    return { packets: this.#packets, tallies };
  }

  ranking(most: number): Ranking<T> {
    const top = [...this.#kept.values()].sort((a, b) => b.packets - a.packets).slice(0, most);
    const inAll = Math.max(this.#keys?.size ?? 0, this.#kept.size);
    return { top, inAll, about: this.#keys !== undefined, packets: this.#packets, slack: this.#slack };
  }
}
