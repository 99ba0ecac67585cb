import { type Box, overlaps, SPANS, type Span } from "./box.ts";

/** Boxes with something that belongs to them, in the order in which they came; those that can touch a box are found by its single values. */
export class BoxIndex<T> {
  readonly all: (readonly [box: Box, what: T])[] = [];
  /** Places of the boxes that have a single value there, by that value; each box is in one list. */
  readonly #single: readonly Map<number | bigint, number[]>[] = BY.map(() => new Map());
  readonly #others: number[] = [];

  get length(): number {
    return this.all.length;
  }

  /** Takes in one more box. */
  add(box: Box, what: T): void {
    const place = this.all.push([box, what]) - 1;
    const by = BY.findIndex((d) => isSingle(box.spans[d] as Span));
    if (by < 0) {
      this.#others.push(place);
      return;
    }
    const value = (box.spans[BY[by] as number] as Span)[0];
    const list = this.#single[by]?.get(value);
    if (list) list.push(place);
    else this.#single[by]?.set(value, [place]);
  }

  /** Of the first `end` boxes those that have a packet in common with a box, in order. */
  touching(box: Box, end = this.length): (readonly [box: Box, what: T])[] {
    const places = this.#candidates(box).filter((place) => place < end);
    places.sort((a, b) => a - b);
    return places.map((place) => this.all[place] as readonly [Box, T]).filter(([one]) => overlaps(one, box));
  }

  #candidates(box: Box): number[] {
    const found = [...this.#others];
    for (const [i, d] of BY.entries()) {
      const own = box.spans[d] as Span;
      const lists = this.#single[i] as Map<number | bigint, number[]>;
      if (isSingle(own)) for (const place of lists.get(own[0]) ?? []) found.push(place);
      else for (const list of lists.values()) for (const place of list) found.push(place);
    }
    return found;
  }
}

/** By which values boxes are found, those that tell most first. */
const BY: readonly number[] = [SPANS.dst, SPANS.src, SPANS.dport, SPANS.sport];

const isSingle = ([low, high]: Span): boolean => low === high;
