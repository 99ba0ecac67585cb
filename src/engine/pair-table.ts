/** Slots of an empty table, a power of two. */
const FIRST = 1024;
const FULL = 0.5;

/**
 * Values by two numbers of 32 bits, twelve octets each. Where both are hashes of the same thing there is next to none that looks like
 * another one. A value is a number from 1 on.
 */
export class PairTable {
  #ones = new Int32Array(FIRST);
  #others = new Int32Array(FIRST);
  #values = new Uint32Array(FIRST);
  size = 0;

  set(one: number, other: number, value: number): void {
    if (this.size >= this.#values.length * FULL) this.#grow();
    const at = this.#find(one, other);
    if (this.#values[at] === 0) this.size++;
    this.#ones[at] = one;
    this.#others[at] = other;
    this.#values[at] = value;
  }

  get(one: number, other: number): number | undefined {
    return this.#values[this.#find(one, other)] || undefined;
  }

  /** Where they stand or would. */
  #find(one: number, other: number): number {
    const mask = this.#values.length - 1;
    let at = one & mask;
    while (this.#values[at] !== 0 && !(this.#ones[at] === (one | 0) && this.#others[at] === (other | 0))) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [ones, others, values] = [this.#ones, this.#others, this.#values];
    this.#ones = new Int32Array(values.length * 2);
    this.#others = new Int32Array(values.length * 2);
    this.#values = new Uint32Array(values.length * 2);
    this.size = 0;
    for (const [i, value] of values.entries()) if (value !== 0) this.set(ones[i] as number, others[i] as number, value);
  }
}
