import { type Bucketed, Buckets } from "./buckets.ts";
import { type FlowTuple, sameTuple, tupleHash, tupleKey } from "./connection.ts";
import { folded, mixed } from "./hash.ts";
import type { Cell } from "./state.ts";

/** What a cell's tuple is one of: those of a zone, and of one direction where that has a place of its own. */
interface Scope {
  readonly prefix: string;
  readonly by: Sameness;
  readonly zone: number;
  readonly side: string;
}

/** What is kept for a tuple. */
export class TupleCell<T> implements Cell<T>, Bucketed<TupleCell<T>> {
  value: T | undefined = undefined;
  readonly scope: Scope;
  readonly tuple: FlowTuple;
  readonly hash: number;
  /** Another one in the same bucket. */
  next: TupleCell<T> | undefined = undefined;

  constructor(scope: Scope, tuple: FlowTuple, hash: number) {
    this.scope = scope;
    this.tuple = tuple;
    this.hash = hash;
  }

  get name(): string {
    return nameOf(this.scope, this.tuple);
  }
}

function nameOf({ prefix, by, zone, side }: Scope, tuple: FlowTuple): string {
  return `${prefix}|${zone}${side}|${by.key(tuple)}`;
}

/** What of a tuple tells cells apart: all of it, or where it comes from. */
export interface Sameness {
  hash(tuple: FlowTuple): number;
  equal(a: FlowTuple, b: FlowTuple): boolean;
  /** The same for tuples that are equal. */
  key(tuple: FlowTuple): string;
}

/** All of a tuple (nf_conntrack_hash). */
const WHOLE: Sameness = { hash: tupleHash, equal: sameTuple, key: tupleKey };

/** Keeps the hashes of sources apart from those of whole tuples. */
const SOURCES = 0x3c6e_f372;

/** Address and port that it comes from, and its protocol (nf_nat_bysource). */
export const SOURCE: Sameness = {
  // Mixed first: addresses and ports that follow one another would meet.
  hash: ({ src, protocol, sport }) => mixed(mixed(mixed(protocol, folded(src)), sport), SOURCES),
  equal: (a, b) => a.src === b.src && a.sport === b.sport && a.protocol === b.protocol,
  key: ({ src, protocol, sport }) => `${src}|${protocol}|${sport}`,
};

/** Cells by zone and tuple, found by a number: a text for each would cost more than all else that is kept of a connection. */
export class TupleCells<T> {
  readonly #prefix: string;
  readonly #by: Sameness;
  readonly #scopes: Scope[] = [];
  readonly #cells = new Buckets<TupleCell<T>>();

  /** `prefix` begins the names of its cells. */
  constructor(prefix: string, by: Sameness = WHOLE) {
    this.#prefix = prefix;
    this.#by = by;
  }

  #scope(zone: number, side: string): Scope {
    for (let i = 0; i < this.#scopes.length; i++) {
      const known = this.#scopes[i] as Scope;
      if (known.zone === zone && known.side === side) return known;
    }
    const scope = { prefix: this.#prefix, by: this.#by, zone, side };
    this.#scopes.push(scope);
    return scope;
  }

  /** The name of a cell, whether it stands or not. */
  nameOf(zone: number, tuple: FlowTuple, side = ""): string {
    return nameOf(this.#scope(zone, side), tuple);
  }

  find(zone: number, tuple: FlowTuple, side = ""): TupleCell<T> | undefined {
    return this.#find(mixed(this.#by.hash(tuple), zone), this.#scope(zone, side), tuple);
  }

  /** The cell, which is made when it does not stand. */
  at(zone: number, tuple: FlowTuple, side = ""): TupleCell<T> {
    const hash = mixed(this.#by.hash(tuple), zone);
    const scope = this.#scope(zone, side);
    const found = this.#find(hash, scope, tuple);
    if (found) return found;
    const cell = new TupleCell<T>(scope, tuple, hash);
    this.#cells.add(cell);
    return cell;
  }

  #find(hash: number, scope: Scope, tuple: FlowTuple): TupleCell<T> | undefined {
    for (let cell = this.#cells.first(hash); cell; cell = cell.next)
      if (cell.hash === hash && cell.scope === scope && this.#by.equal(cell.tuple, tuple)) return cell;
    return undefined;
  }

  /** How many cells there are. */
  get size(): number {
    return this.#cells.size;
  }

  /** Takes away the cells for good that nothing is left in; only between two packets. `left` may make another value of what is in one. */
  sweep(left: (value: T) => T | undefined): void {
    this.#cells.keep((cell) => {
      if (cell.value !== undefined) cell.value = left(cell.value);
      return cell.value !== undefined;
    });
  }
}
