import type { Address } from "../model/address.ts";
import { type Box, overlaps, SPANS, type Span } from "./box.ts";

/** By which values boxes are found, those that tell most first. */
const BY: readonly number[] = [SPANS.dst, SPANS.src, SPANS.dport, SPANS.sport];
/** By which of them networks are found. */
const NETWORKS: readonly number[] = [SPANS.dst, SPANS.src];
/** Sizes of blocks in which smaller networks are found together: /24, /16 and /8, or /64, /48 and /32. */
const LEVELS: Readonly<Record<"number" | "bigint", readonly Address[]>> = {
  number: [2 ** 8, 2 ** 16, 2 ** 24],
  bigint: [1n << 64n, 1n << 80n, 1n << 96n],
};
const LAST_4 = 0xffffffff;
const LAST_6 = (1n << 128n) - 1n;
const NONE: readonly number[] = [];

/** Places of boxes by where their span begins, for spans of one size: the size is a power of two, and the beginning a multiple of it. */
type Blocks = Map<Address, number[]>;

/** Boxes with something that belongs to them, in the order in which they came; those that can touch a box are found by their values and networks. */
export class BoxIndex<T> {
  readonly all: (readonly [box: Box, what: T])[] = [];
  /** For each of BY the blocks by their size; each box is in one list. */
  readonly #blocks: readonly Map<Address, Blocks>[] = BY.map(() => new Map());
  /** The same once more for NETWORKS: under each level what is smaller. */
  readonly #levels: readonly Map<Address, Blocks>[] = NETWORKS.map(() => new Map());
  readonly #others: number[] = [];

  get length(): number {
    return this.all.length;
  }

  /** Takes in one more box. */
  add(box: Box, what: T): void {
    const place = this.all.push([box, what]) - 1;
    const is = (test: (span: Span) => boolean) => (one: number) => test(box.spans[one] as Span);
    const small = (span: Span) => isNetwork(span) && sizeOf(span) <= (levelsOf(span)[0] as Address);
    const d = NETWORKS.find(is(isSingle)) ?? NETWORKS.find(is(small)) ?? BY.find(is(isSingle)) ?? NETWORKS.find(is(isNetwork));
    if (d === undefined) {
      this.#others.push(place);
      return;
    }
    const span = box.spans[d] as Span;
    const size = sizeOf(span);
    enter(this.#blocks[BY.indexOf(d)] as Map<Address, Blocks>, size, span[0], place);
    const levels = this.#levels[NETWORKS.indexOf(d)];
    if (levels) for (const level of levelsOf(span)) if (level > size) enter(levels, level, blockOf(span[0], level), place);
  }

  /** Of the first `end` boxes those that have a packet in common with a box, in order; where there are more than `most`, only some of them. */
  touching(box: Box, end = this.length, most = Number.POSITIVE_INFINITY): (readonly [box: Box, what: T])[] {
    const places: number[] = [];
    const look = (list: readonly number[]) => {
      for (const place of list) {
        if (place >= end || places.length >= most) return;
        if (overlaps((this.all[place] as readonly [Box, T])[0], box)) places.push(place);
      }
    };
    look(this.#others);
    for (const [i, d] of BY.entries()) {
      const own = box.spans[d] as Span;
      const sizes = this.#blocks[i] as Map<Address, Blocks>;
      if (sizes.size === 0) continue;
      const size = isAligned(own) ? sizeOf(own) : undefined;
      const levels = isSingle(own) ? undefined : this.#levels[NETWORKS.indexOf(d)];
      const level = size !== undefined && levels ? levelsOf(own).find((one) => one >= size) : undefined;
      if (level !== undefined) look(levels?.get(level)?.get(blockOf(own[0], level)) ?? NONE);
      const least = level ?? size;
      for (const [one, blocks] of sizes) {
        // What is not smaller than the box's own span holds all of it or nothing of it.
        if (least !== undefined && one >= least) look(blocks.get(blockOf(own[0], one)) ?? NONE);
        else if (level === undefined) for (const list of blocks.values()) look(list);
      }
    }
    return places.sort((a, b) => a - b).map((place) => this.all[place] as readonly [Box, T]);
  }
}

const levelsOf = ([low]: Span): readonly Address[] => LEVELS[typeof low === "number" ? "number" : "bigint"];

function enter(sizes: Map<Address, Blocks>, size: Address, start: Address, place: number): void {
  const blocks: Blocks = sizes.get(size) ?? new Map();
  sizes.set(size, blocks);
  const list = blocks.get(start);
  if (list) list.push(place);
  else blocks.set(start, [place]);
}

const isSingle = ([low, high]: Span): boolean => low === high;

function sizeOf([low, high]: Span): Address {
  return typeof low === "number" ? Number(high) - low + 1 : BigInt(high) - low + 1n;
}

/** Whether a span is what a prefix has. */
function isAligned(span: Span): boolean {
  const size = sizeOf(span);
  const [low] = span;
  if (typeof size === "bigint" || typeof low === "bigint")
    return (BigInt(size) & (BigInt(size) - 1n)) === 0n && BigInt(low) % BigInt(size) === 0n;
  return Number.isInteger(Math.log2(size)) && low % size === 0;
}

/** Whether it is one and not all that there is. */
function isNetwork(span: Span): boolean {
  const [low, high] = span;
  const isAll = typeof low === "number" ? low === 0 && high === LAST_4 : low === 0n && high === LAST_6;
  return !isAll && isAligned(span);
}

/** Where the block of a size begins that a value is in. */
function blockOf(value: Address, size: Address): Address {
  return typeof value === "number" ? value - (value % Number(size)) : value - (value % BigInt(size));
}
