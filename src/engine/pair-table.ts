/** Slots of an empty table, a power of two. */
const FIRST = 1024;
const FULL = 0.5;
/** Words of a slot: the first number, then these. */
const OTHER = 1;
const VALUE = 2;
const SLOT = 3;

/**
 * Values by two numbers of 32 bits, twelve octets each. Where both are hashes of the same thing there is next to none that looks like
 * another one. A value is a number from 1 on.
 */
export class PairTable {
  /** What belongs together stands together: it is mostly far from what was looked at before. */
  #words = new Int32Array(FIRST * SLOT);
  size = 0;

  set(one: number, other: number, value: number): void {
    if (this.size * SLOT >= this.#words.length * FULL) this.#grow();
    const at = this.#find(one, other);
    if (this.#words[at + VALUE] === 0) this.size++;
    this.#words[at] = one;
    this.#words[at + OTHER] = other;
    this.#words[at + VALUE] = value;
  }

  get(one: number, other: number): number | undefined {
    return (this.#words[this.#find(one, other) + VALUE] as number) >>> 0 || undefined;
  }

  /** Where they stand or would. */
  #find(one: number, other: number): number {
    const words = this.#words;
    const mask = words.length / SLOT - 1;
    let slot = one & mask;
    for (;;) {
      const at = slot * SLOT;
      if (words[at + VALUE] === 0 || (words[at] === (one | 0) && words[at + OTHER] === (other | 0))) return at;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const words = this.#words;
    this.#words = new Int32Array(words.length * 2);
    this.size = 0;
    for (let at = 0; at < words.length; at += SLOT) {
      const [one, other, value] = [words[at] as number, words[at + OTHER] as number, words[at + VALUE] as number];
      if (value !== 0) this.set(one, other, value);
    }
  }
}
