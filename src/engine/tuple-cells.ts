import { type FlowTuple, sameTuple, tupleHash, tupleKey } from "./connection.ts";
import { folded, mixed } from "./hash.ts";
import type { Cell } from "./state.ts";

/** What a cell's tuple is one of: those of a zone, and of one direction where that has a place of its own. */
interface Scope {
  readonly prefix: string;
  readonly zone: number;
  readonly side: string;
}

/** What is kept for a tuple. */
export class TupleCell<T> implements Cell<T> {
  value: T | undefined = undefined;
  readonly scope: Scope;
  readonly tuple: FlowTuple;
  /** Another one with the same hash. */
  next: TupleCell<T> | undefined;

  constructor(scope: Scope, tuple: FlowTuple, next: TupleCell<T> | undefined) {
    this.scope = scope;
    this.tuple = tuple;
    this.next = next;
  }

  get name(): string {
    return nameOf(this.scope, this.tuple);
  }
}

function nameOf({ prefix, zone, side }: Scope, tuple: FlowTuple): string {
  return `${prefix}|${zone}${side}|${tupleKey(tuple)}`;
}

/** What of a tuple tells cells apart: all of it, or where it comes from. */
export interface Sameness {
  hash(tuple: FlowTuple): number;
  equal(a: FlowTuple, b: FlowTuple): boolean;
}

/** All of a tuple (nf_conntrack_hash). */
const WHOLE: Sameness = { hash: tupleHash, equal: sameTuple };

/** Keeps the hashes of sources apart from those of whole tuples. */
const SOURCES = 0x3c6e_f372;

/** Address and port that it comes from, and its protocol (nf_nat_bysource). */
export const SOURCE: Sameness = {
  // Mixed first: addresses and ports that follow one another would meet.
  hash: ({ src, protocol, sport }) => mixed(mixed(mixed(protocol, folded(src)), sport), SOURCES),
  equal: (a, b) => a.src === b.src && a.sport === b.sport && a.protocol === b.protocol,
};

/** Cells by zone and tuple, found by a number: a text for each would cost more than all else that is kept of a connection. */
export class TupleCells<T> {
  readonly #prefix: string;
  readonly #by: Sameness;
  readonly #scopes: Scope[] = [];
  readonly #first = new Map<number, TupleCell<T>>();

  /** `prefix` begins the names of its cells. */
  constructor(prefix: string, by: Sameness = WHOLE) {
    this.#prefix = prefix;
    this.#by = by;
  }

  #scope(zone: number, side: string): Scope {
    const known = this.#scopes.find((one) => one.zone === zone && one.side === side);
    if (known) return known;
    const scope = { prefix: this.#prefix, zone, side };
    this.#scopes.push(scope);
    return scope;
  }

  /** The name of a cell, whether it stands or not. */
  nameOf(zone: number, tuple: FlowTuple, side = ""): string {
    return nameOf(this.#scope(zone, side), tuple);
  }

  find(zone: number, tuple: FlowTuple, side = ""): TupleCell<T> | undefined {
    return this.#among(this.#first.get(mixed(this.#by.hash(tuple), zone)), this.#scope(zone, side), tuple);
  }

  /** The cell, which is made when it does not stand. */
  at(zone: number, tuple: FlowTuple, side = ""): TupleCell<T> {
    const hash = mixed(this.#by.hash(tuple), zone);
    const scope = this.#scope(zone, side);
    const first = this.#first.get(hash);
    const found = this.#among(first, scope, tuple);
    if (found) return found;
    const cell = new TupleCell<T>(scope, tuple, first);
    this.#first.set(hash, cell);
    return cell;
  }

  #among(first: TupleCell<T> | undefined, scope: Scope, tuple: FlowTuple): TupleCell<T> | undefined {
    let cell = first;
    while (cell && !(cell.scope === scope && this.#by.equal(cell.tuple, tuple))) cell = cell.next;
    return cell;
  }

  /** How many numbers there are cells for. */
  get size(): number {
    return this.#first.size;
  }

  /** Takes away the cells for good that nothing is left in; only between two packets. `left` may make another value of what is in one. */
  sweep(left: (value: T) => T | undefined): void {
    for (const [hash, first] of this.#first) {
      let kept: TupleCell<T> | undefined;
      for (let cell: TupleCell<T> | undefined = first; cell; ) {
        const { next }: TupleCell<T> = cell;
        if (cell.value !== undefined) cell.value = left(cell.value);
        if (cell.value !== undefined) {
          cell.next = kept;
          kept = cell;
        }
        cell = next;
      }
      if (!kept) this.#first.delete(hash);
      else if (kept !== first) this.#first.set(hash, kept);
    }
  }
}
