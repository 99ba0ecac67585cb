/** Slots for each that is kept. */
const ROOM = 2;

/**
 * So many things at most, of which nobody asks more than whether they are there, in eight to sixteen octets each. Where both numbers are
 * hashes of the same thing there is next to none that looks like another one: the first says where it stands, the second what stands there.
 */
export class Prints {
  readonly #slots: Int32Array;
  readonly #most: number;
  /** When the first of them was put there, as whoever made it says. */
  readonly since: bigint;
  size = 0;

  constructor(most: number, since: bigint) {
    this.#most = most;
    this.since = since;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(most * ROOM)));
  }

  get isFull(): boolean {
    return this.size >= this.#most;
  }

  add(one: number, other: number): void {
    const at = this.#find(one, printOf(other));
    if (this.#slots[at] !== 0) return;
    this.#slots[at] = printOf(other);
    this.size++;
  }

  has(one: number, other: number): boolean {
    return this.#slots[this.#find(one, printOf(other))] !== 0;
  }

  /** Where it stands or would. */
  #find(one: number, print: number): number {
    const mask = this.#slots.length - 1;
    let at = one & mask;
    while (this.#slots[at] !== 0 && this.#slots[at] !== print) at = (at + 1) & mask;
    return at;
  }
}

/** Zero is an empty slot. */
function printOf(hash: number): number {
  return hash | 0 || 1;
}
