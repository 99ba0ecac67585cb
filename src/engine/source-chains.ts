/** Buckets and rows at first. */
const FIRST = 1 << 12;

/**
 * Numbers of rows in buckets by a hash; in each those with the greatest ids come first. A row is taken out without looking at the others of its bucket,
 * of which there may be thousands: a port scan comes from one address and port.
 */
export class SourceChains {
  readonly #idOf: (row: number) => number;
  /** Row numbers, counted from 1; 0 where there is none. */
  #first = new Int32Array(FIRST);
  /** For each row the one before it, or the complement of the bucket that it is the first one of; 0 where it is in none. */
  #before = new Int32Array(FIRST);
  #after = new Int32Array(FIRST);

  /** `idOf` tells the id of a row. */
  constructor(idOf: (row: number) => number) {
    this.#idOf = idOf;
  }

  /** Empties it, with buckets for so many rows. */
  clear(rows: number): void {
    let { length } = this.#first;
    while (length < rows) length *= 2;
    this.#first = new Int32Array(length);
    this.#before = new Int32Array(length);
    this.#after = new Int32Array(length);
  }

  add(row: number, hash: number): void {
    while (row >= this.#before.length) this.#grow();
    const id = this.#idOf(row);
    const bucket = hash & (this.#first.length - 1);
    let before = 0;
    let after = this.#first[bucket] as number;
    // Mostly it is the youngest.
    while (after !== 0 && this.#idOf(after - 1) > id) {
      before = after;
      after = this.#after[after - 1] as number;
    }
    this.#before[row] = before === 0 ? ~bucket : before;
    this.#after[row] = after;
    if (after !== 0) this.#before[after - 1] = row + 1;
    if (before === 0) this.#first[bucket] = row + 1;
    else this.#after[before - 1] = row + 1;
  }

  /** Takes a row out, if it is in. */
  remove(row: number): void {
    const before = this.#before[row] ?? 0;
    if (before === 0) return;
    const after = this.#after[row] as number;
    if (before < 0) this.#first[~before] = after;
    else this.#after[before - 1] = after;
    if (after !== 0) this.#before[after - 1] = before;
    this.#before[row] = this.#after[row] = 0;
  }

  /** Rows of a hash, and some of others. */
  *of(hash: number): Generator<number> {
    for (let row = this.#first[hash & (this.#first.length - 1)] as number; row !== 0; row = this.#after[row - 1] as number) yield row - 1;
  }

  #grow(): void {
    const [before, after] = [this.#before, this.#after];
    this.#before = new Int32Array(before.length * 2);
    this.#after = new Int32Array(after.length * 2);
    this.#before.set(before);
    this.#after.set(after);
  }
}
