/** A node of a diagram; those below 0 are its leaves. */
export type Node = number;

export const FALSE: Node = -1;
export const TRUE: Node = -2;

/** What stands for the variable of a leaf: it comes after all others. */
const LEAF = 0x7fffffff;
/** More nodes than these are not worked with. */
const MOST = 12_000_000;
const CACHE = 1 << 20;
/** First key of an operation that is no choice by a condition, which are 0 and above. */
const OPERATIONS = -10;

/** Thrown where diagrams grow beyond what is worked with. */
export class TooLarge extends Error {}

/**
 * Functions of bits as decision diagrams (Bryant 1986): a node asks for a bit and leads to one of two others, a leaf is a value. Bits are
 * asked for in one order and equal nodes are one node, so that two functions are the same just when their nodes are.
 */
export class Diagrams {
  #size = 0;
  #bits = new Int32Array(1 << 16);
  #lows = new Int32Array(1 << 16);
  #highs = new Int32Array(1 << 16);
  #table = new Int32Array(1 << 17).fill(-1);
  readonly #keys = new Int32Array(CACHE * 3).fill(-0x7fffffff);
  readonly #results = new Int32Array(CACHE);
  #operations = OPERATIONS;

  /** Number of nodes so far. */
  get size(): number {
    return this.#size;
  }

  /** The bit that a node asks for. */
  bit(node: Node): number {
    return node < 0 ? LEAF : (this.#bits[node] as number);
  }

  /** Where a node leads to when the bit is not set. */
  low(node: Node): Node {
    return this.#lows[node] as number;
  }

  /** Where a node leads to when the bit is set. */
  high(node: Node): Node {
    return this.#highs[node] as number;
  }

  /** The node that asks for a bit; those that it leads to must ask for later ones. */
  node(bit: number, low: Node, high: Node): Node {
    if (low === high) return low;
    let place = hash(bit, low, high) & (this.#table.length - 1);
    for (let found = this.#table[place] as number; found >= 0; found = this.#table[place] as number) {
      if (this.#bits[found] === bit && this.#lows[found] === low && this.#highs[found] === high) return found;
      place = (place + 1) & (this.#table.length - 1);
    }
    return this.#add(place, bit, low, high);
  }

  #add(place: number, bit: number, low: Node, high: Node): Node {
    const made = this.#size++;
    if (made >= MOST) throw new TooLarge("the sets of packets fall into too many parts");
    if (made === this.#bits.length) {
      this.#bits = grown(this.#bits);
      this.#lows = grown(this.#lows);
      this.#highs = grown(this.#highs);
    }
    this.#bits[made] = bit;
    this.#lows[made] = low;
    this.#highs[made] = high;
    this.#table[place] = made;
    if (this.#size * 2 > this.#table.length) this.#rehash();
    return made;
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2).fill(-1);
    for (let one = 0; one < this.#size; one++) {
      let place = hash(this.#bits[one] as number, this.#lows[one] as number, this.#highs[one] as number) & (table.length - 1);
      while ((table[place] as number) >= 0) place = (place + 1) & (table.length - 1);
      table[place] = one;
    }
    this.#table = table;
  }

  /** What a node is when a bit that comes no later than its own is known. */
  at(node: Node, bit: number, isSet: boolean): Node {
    if (this.bit(node) !== bit) return node;
    return isSet ? this.high(node) : this.low(node);
  }

  /** One function where a condition holds, another where it does not. */
  choose(when: Node, one: Node, other: Node): Node {
    if (when === TRUE || one === other) return one;
    if (when === FALSE) return other;
    if (one === TRUE && other === FALSE) return when;
    const known = this.#recall(when, one, other);
    if (known !== undefined) return known;
    const bit = Math.min(this.bit(when), this.bit(one), this.bit(other));
    const low = this.choose(this.at(when, bit, false), this.at(one, bit, false), this.at(other, bit, false));
    const high = this.choose(this.at(when, bit, true), this.at(one, bit, true), this.at(other, bit, true));
    return this.#keep(when, one, other, this.node(bit, low, high));
  }

  and(a: Node, b: Node): Node {
    if (a === b || b === TRUE) return a;
    return a < b ? this.choose(b, a, FALSE) : this.choose(a, b, FALSE);
  }

  or(a: Node, b: Node): Node {
    if (a === b || b === FALSE) return a;
    return this.choose(a, TRUE, b);
  }

  /** What is in one set and not in another. */
  minus(a: Node, b: Node): Node {
    return b === FALSE ? a : this.choose(b, FALSE, a);
  }

  /** All of some sets together. */
  anyOf(sets: readonly Node[]): Node {
    if (sets.length <= 2) return this.or(sets[0] ?? FALSE, sets[1] ?? FALSE);
    const middle = sets.length >> 1;
    return this.or(this.anyOf(sets.slice(0, middle)), this.anyOf(sets.slice(middle)));
  }

  /** Makes an operation on two functions of one on their leaves; `shortcut` may know the result for nodes as well, and must for leaves. */
  operation(shortcut: (a: Node, b: Node) => Node | undefined): (a: Node, b: Node) => Node {
    const key = this.#operations--;
    const run = (a: Node, b: Node): Node => {
      const plain = shortcut(a, b);
      if (plain !== undefined) return plain;
      const known = this.#recall(key, a, b);
      if (known !== undefined) return known;
      const bit = Math.min(this.bit(a), this.bit(b));
      const low = run(this.at(a, bit, false), this.at(b, bit, false));
      return this.#keep(key, a, b, this.node(bit, low, run(this.at(a, bit, true), this.at(b, bit, true))));
    };
    return run;
  }

  /** The same function with other leaves. */
  mapped(node: Node, leaf: (value: Node) => Node): Node {
    const done = new Map<Node, Node>();
    const run = (one: Node): Node => {
      let made = done.get(one);
      if (made === undefined) {
        made = one < 0 ? leaf(one) : this.node(this.bit(one), run(this.low(one)), run(this.high(one)));
        done.set(one, made);
      }
      return made;
    };
    return run(node);
  }

  /** The leaves that a function has. */
  leaves(node: Node): ReadonlySet<Node> {
    const seen = new Set<Node>();
    const found = new Set<Node>();
    const open = [node];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (one < 0) found.add(one);
      else if (!seen.has(one)) {
        seen.add(one);
        open.push(this.low(one), this.high(one));
      }
    }
    return found;
  }

  #recall(a: number, b: number, c: number): Node | undefined {
    const place = hash(a, b, c) & (CACHE - 1);
    const keys = this.#keys;
    if (keys[place * 3] !== a || keys[place * 3 + 1] !== b || keys[place * 3 + 2] !== c) return undefined;
    return this.#results[place];
  }

  #keep(a: number, b: number, c: number, result: Node): Node {
    const place = hash(a, b, c) & (CACHE - 1);
    this.#keys[place * 3] = a;
    this.#keys[place * 3 + 1] = b;
    this.#keys[place * 3 + 2] = c;
    this.#results[place] = result;
    return result;
  }
}

function hash(a: number, b: number, c: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function grown(values: Int32Array): Int32Array<ArrayBuffer> {
  const made = new Int32Array(values.length * 2);
  made.set(values);
  return made;
}
