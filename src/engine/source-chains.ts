/** Buckets and rows at first. */
const FIRST = 1 << 12;

/**
 * Numbers of rows in buckets by a hash, which are asked for with the greatest ids first. A row comes and goes without a look at the others of its bucket,
 * of which there may be thousands: a port scan comes from one address and port.
 */
export class SourceChains {
  readonly #idOf: (row: number) => number;
  /** Row numbers, counted from 1; 0 where there is none. */
  #first = new Int32Array(FIRST);
  /** For each row the one before it, or the complement of the bucket that it is the first one of; 0 where it is in none. */
  #before = new Int32Array(FIRST);
  #after = new Int32Array(FIRST);
  /** Buckets in which a row came in front of one with a greater id. */
  readonly #unsorted = new Set<number>();

  /** `idOf` tells the id of a row. */
  constructor(idOf: (row: number) => number) {
    this.#idOf = idOf;
  }

  /** Empties it, with buckets for so many rows. */
  clear(rows: number): void {
    let { length } = this.#first;
    while (length < rows) length *= 2;
    this.#first = emptied(this.#first, length);
    this.#before = emptied(this.#before, length);
    this.#after = emptied(this.#after, length);
    this.#unsorted.clear();
  }

  add(row: number, hash: number): void {
    while (row >= this.#before.length) this.#grow();
    const bucket = hash & (this.#first.length - 1);
    const after = this.#first[bucket] as number;
    // Mostly it is the youngest.
    if (after !== 0 && this.#idOf(after - 1) > this.#idOf(row)) this.#unsorted.add(bucket);
    this.#putFirst(row, bucket);
  }

  #putFirst(row: number, bucket: number): void {
    const after = this.#first[bucket] as number;
    this.#before[row] = ~bucket;
    this.#after[row] = after;
    if (after !== 0) this.#before[after - 1] = row + 1;
    this.#first[bucket] = row + 1;
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
    const bucket = hash & (this.#first.length - 1);
    if (this.#unsorted.delete(bucket)) this.#sort(bucket);
    for (const row of this.#rowsOf(bucket)) yield row;
  }

  *#rowsOf(bucket: number): Generator<number> {
    for (let row = this.#first[bucket] as number; row !== 0; row = this.#after[row - 1] as number) yield row - 1;
  }

  #sort(bucket: number): void {
    const rows = [...this.#rowsOf(bucket)];
    rows.sort((a, b) => this.#idOf(a) - this.#idOf(b));
    this.#first[bucket] = 0;
    for (const row of rows) this.#putFirst(row, bucket);
  }

  #grow(): void {
    const [before, after] = [this.#before, this.#after];
    this.#before = new Int32Array(before.length * 2);
    this.#after = new Int32Array(after.length * 2);
    this.#before.set(before);
    this.#after.set(after);
  }
}

/** An array of at least so many zeros: the given one, if it is long enough. */
function emptied(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  return array.length >= length ? array.fill(0) : new Int32Array(length);
}
