import { type Box, CHOICES, CUBES, type Cube, SPANS, type Span } from "./box.ts";
import { Diagrams, FALSE, type Node, TRUE } from "./diagram.ts";
import type { Universe } from "./guard.ts";

/** A property of packets that diagrams have bits for. */
export type Field = keyof typeof SPANS | keyof typeof CHOICES | keyof typeof CUBES;

/** The bits of a field: the first is its highest. */
interface Place {
  readonly start: number;
  readonly bits: number;
}

/** Devices come first, so that what looks at a mark or a state is the same part of a diagram for all addresses. */
const ORDER: readonly Field[] = [
  "out",
  "in",
  "protocol",
  "dst",
  "src",
  "dport",
  "sport",
  "fragment",
  "state",
  "srcType",
  "dstType",
  "flags",
  "mark",
];
const WIDTHS: Readonly<Partial<Record<Field, number>>> = {
  protocol: 8,
  sport: 16,
  dport: 16,
  fragment: 1,
  state: 3,
  srcType: 4,
  dstType: 4,
  flags: 6,
  mark: 32,
};
/** Values from one to another, in order. */
export type Spans = readonly Span[];

/** Where in a diagram the properties of packets are asked for, and how boxes become sets there and back. */
export class Layout {
  readonly diagrams = new Diagrams();
  readonly universe: Universe;
  readonly #places = new Map<Field, Place>();
  readonly #extra = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #first: number;

  constructor(universe: Universe) {
    this.universe = universe;
    const device = Math.ceil(Math.log2(Number(universe.devices.all[1]) + 2));
    let start = 0;
    for (const field of ORDER) {
      const isAddress = field === "src" || field === "dst";
      const bits = isAddress ? (universe.family === 4 ? 32 : 128) : (WIDTHS[field] ?? device);
      this.#places.set(field, { start, bits });
      start += bits;
    }
    this.#first = start;
  }

  /** The bits of a field. */
  place(field: Field): Place {
    return this.#places.get(field) as Place;
  }

  /** The bit of a condition that is not about a field, by its name. */
  extra(name: string): number {
    let bit = this.#extra.get(name);
    if (bit === undefined) {
      bit = this.#first + this.#names.push(name) - 1;
      this.#extra.set(name, bit);
    }
    return bit;
  }

  /** The name of such a condition; undefined for the bits of fields. */
  extraName(bit: number): string | undefined {
    return this.#names[bit - this.#first];
  }

  /** The packets of some boxes. */
  set(boxes: readonly Box[]): Node {
    return this.diagrams.anyOf(boxes.map((box) => this.#box(box)));
  }

  #box({ spans, choices, cubes, atoms }: Box): Node {
    const { diagrams } = this;
    let set = TRUE;
    const bits = atoms.map((atom) => [this.extra(`atom ${Math.abs(atom)}`), atom > 0] as const).sort((a, b) => b[0] - a[0]);
    for (const [bit, holds] of bits) set = holds ? diagrams.node(bit, FALSE, set) : diagrams.node(bit, set, FALSE);
    for (const field of [...ORDER].reverse()) {
      if (field in SPANS) set = this.#span(field, spans[SPANS[field as keyof typeof SPANS]] as Span, set);
      else if (field in CHOICES) set = this.#choice(field, choices[CHOICES[field as keyof typeof CHOICES]] as number, set);
      else set = this.#cube(field, cubes[CUBES[field as keyof typeof CUBES]] as Cube, set);
    }
    return set;
  }

  /** The packets of a set whose field lies in a span. */
  #span(field: Field, [low, high]: Span, then: Node): Node {
    const { start, bits } = this.place(field);
    const isSet = (value: number | bigint, i: number) =>
      typeof value === "bigint" ? (value >> BigInt(bits - 1 - i)) & 1n : (value >>> (bits - 1 - i)) & 1;
    const run = (i: number, fromLow: boolean, toHigh: boolean): Node => {
      if (i === bits || (!fromLow && !toHigh)) return then;
      const [least, most] = [fromLow && Number(isSet(low, i)) === 1, toHigh && Number(isSet(high, i)) === 0];
      const zero = least ? FALSE : run(i + 1, fromLow, toHigh && most);
      const one = most ? FALSE : run(i + 1, fromLow && least, toHigh);
      return this.diagrams.node(start + i, zero, one);
    };
    if (low > high) return FALSE;
    return run(0, low > 0, high < (typeof high === "bigint" ? (1n << BigInt(bits)) - 1n : 2 ** bits - 1));
  }

  #choice(field: Field, members: number, then: Node): Node {
    const { start, bits } = this.place(field);
    const isOneBit = field === "fragment";
    const run = (i: number, value: number): Node => {
      // Whole packets and first fragments are the first of two choices.
      if (i === bits) return (members & (1 << value)) !== 0 ? then : FALSE;
      return this.diagrams.node(start + i, run(i + 1, value * 2), run(i + 1, value * 2 + 1));
    };
    return isOneBit && members === 3 ? then : run(0, 0);
  }

  #cube(field: Field, { value, mask }: Cube, then: Node): Node {
    const { start, bits } = this.place(field);
    let set = then;
    for (let i = 0; i < bits; i++) {
      if (((mask >>> i) & 1) === 0) continue;
      const bit = start + bits - 1 - i;
      set = ((value >>> i) & 1) === 1 ? this.diagrams.node(bit, FALSE, set) : this.diagrams.node(bit, set, FALSE);
    }
    return set;
  }

  /** The packets whose field lies in one of some spans. */
  withSpans(field: Field, spans: Spans): Node {
    return this.diagrams.anyOf(spans.map((span) => this.#span(field, span, TRUE)));
  }

  /** The packets whose field has one value. */
  withValue(field: Field, value: number | bigint): Node {
    return this.#span(field, [value, value], TRUE);
  }

  /** The values of a field that packets of a set have; undefined where these are more than some spans. */
  values(set: Node, field: Field, most: number): Spans | undefined {
    const { start, bits } = this.place(field);
    const wide = bits > 32;
    const spans: [number | bigint, number | bigint][] = [];
    const low = (value: bigint) => (wide ? value : Number(value));
    const run = (node: Node, i: number, value: bigint): boolean => {
      if (node === FALSE) return true;
      const left = BigInt(bits - i);
      if (node === TRUE || i === bits) {
        const last = spans.at(-1);
        const end = low(((value + 1n) << left) - 1n);
        if (last && BigInt(last[1]) + 1n === value << left) last[1] = end;
        else spans.push([low(value << left), end]);
        return spans.length <= most;
      }
      const { diagrams } = this;
      const next = start + i;
      return run(diagrams.at(node, next, false), i + 1, value * 2n) && run(diagrams.at(node, next, true), i + 1, value * 2n + 1n);
    };
    return run(this.#only(set, start, start + bits), 0, 0n) ? spans : undefined;
  }

  /** The least value of a field that packets of a set have; the set must have some. */
  least(set: Node, field: Field): number | bigint {
    const { start, bits } = this.place(field);
    let node = this.#only(set, start, start + bits);
    let value = 0n;
    for (let i = 0; i < bits; i++) {
      const low = this.diagrams.at(node, start + i, false);
      value = value * 2n + (low === FALSE ? 1n : 0n);
      node = low === FALSE ? this.diagrams.at(node, start + i, true) : low;
    }
    return bits > 32 ? value : Number(value);
  }

  /** A set without all conditions but those on some bits. */
  #only(set: Node, start: number, end: number): Node {
    const { diagrams } = this;
    const done = new Map<Node, Node>();
    const run = (node: Node): Node => {
      if (node < 0) return node;
      let made = done.get(node);
      if (made !== undefined) return made;
      const bit = diagrams.bit(node);
      if (bit >= end) made = TRUE;
      else {
        const [low, high] = [run(diagrams.low(node)), run(diagrams.high(node))];
        made = bit < start ? diagrams.or(low, high) : diagrams.node(bit, low, high);
      }
      done.set(node, made);
      return made;
    };
    return run(set);
  }

  /** The conditions of a set that are not about fields, by name. */
  extras(set: Node): readonly string[] {
    const names = new Set<string>();
    const seen = new Set<Node>();
    const open = [set];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node < 0 || seen.has(node)) continue;
      seen.add(node);
      const name = this.extraName(this.diagrams.bit(node));
      if (name !== undefined) names.add(name);
      open.push(this.diagrams.low(node), this.diagrams.high(node));
    }
    return [...names];
  }

  /** Whether a packet given as a box of single values may lie in a set; conditions of which it says nothing are taken both ways. */
  mayHold(set: Node, point: Box): boolean {
    return this.diagrams.and(set, this.set([point])) !== FALSE;
  }
}
