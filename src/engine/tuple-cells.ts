import { type FlowTuple, sameTuple, tupleHash, tupleKey } from "./connection.ts";
import { mixed } from "./hash.ts";
import type { Cell } from "./state.ts";

/** What is kept for a tuple in a zone, and for one direction where that has a place of its own. */
export class TupleCell<T> implements Cell<T> {
  value: T | undefined = undefined;
  readonly zone: number;
  readonly tuple: FlowTuple;
  readonly side: string;
  readonly hash: number;
  /** Another one with the same hash. */
  next: TupleCell<T> | undefined = undefined;
  readonly #owner: TupleCells<T>;

  constructor(owner: TupleCells<T>, zone: number, tuple: FlowTuple, side: string, hash: number) {
    this.#owner = owner;
    this.zone = zone;
    this.tuple = tuple;
    this.side = side;
    this.hash = hash;
  }

  get name(): string {
    return this.#owner.nameOf(this.zone, this.tuple, this.side);
  }
}

/** Cells by zone and tuple (nf_conntrack_hash), found by a number: a text for each would cost more than all else that is kept of a connection. */
export class TupleCells<T> {
  readonly #prefix: string;
  readonly #first = new Map<number, TupleCell<T>>();

  /** `prefix` begins the names of its cells. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The name of a cell, whether it stands or not. */
  nameOf(zone: number, tuple: FlowTuple, side = ""): string {
    return `${this.#prefix}|${zone}${side}|${tupleKey(tuple)}`;
  }

  find(zone: number, tuple: FlowTuple, side = ""): TupleCell<T> | undefined {
    return this.#among(this.#first.get(mixed(tupleHash(tuple), zone)), zone, tuple, side);
  }

  /** The cell, which is made when it does not stand. */
  at(zone: number, tuple: FlowTuple, side = ""): TupleCell<T> {
    const hash = mixed(tupleHash(tuple), zone);
    const first = this.#first.get(hash);
    const found = this.#among(first, zone, tuple, side);
    if (found) return found;
    const cell = new TupleCell(this, zone, tuple, side, hash);
    cell.next = first;
    this.#first.set(hash, cell);
    return cell;
  }

  #among(first: TupleCell<T> | undefined, zone: number, tuple: FlowTuple, side: string): TupleCell<T> | undefined {
    let cell = first;
    while (cell && !(cell.zone === zone && cell.side === side && sameTuple(cell.tuple, tuple))) cell = cell.next;
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
