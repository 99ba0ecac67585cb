import { EXPIRES, LOW, WIDTH } from "./resting-words.ts";

/** Rows of a page. */
const ROWS = 4096;

interface Page {
  readonly words: Int32Array;
  readonly alive: Uint8Array;
  left: number;
  /** Before that none of its rows runs out. */
  until: bigint;
}

/** Rows of words, in pages that are let go of when all their rows are gone. */
export class Pages {
  readonly #pages = new Map<number, Page>();
  /** The next row's number, and up to where all are gone. */
  #next = 0;
  #gone = 0;
  live = 0;

  /** A further row, of zeros. */
  add(): number {
    const row = this.#next++;
    const number = Math.floor(row / ROWS);
    let page = this.#pages.get(number);
    if (!page) {
      page = { words: new Int32Array(ROWS * WIDTH), alive: new Uint8Array(ROWS), left: 0, until: 0n };
      this.#pages.set(number, page);
    }
    page.alive[row % ROWS] = 1;
    page.left++;
    this.live++;
    return row;
  }

  isLive(row: number): boolean {
    return this.#pages.get(Math.floor(row / ROWS))?.alive[row % ROWS] === 1;
  }

  /** The words of a row that is there: those of its page, of which it has some from `placeOf` on. */
  at(row: number): Int32Array {
    return (this.#pages.get(Math.floor(row / ROWS)) as Page).words;
  }

  remove(row: number): void {
    const number = Math.floor(row / ROWS);
    const page = this.#pages.get(number);
    if (!page || page.alive[row % ROWS] === 0) return;
    page.alive[row % ROWS] = 0;
    this.live--;
    if (--page.left === 0 && (number + 1) * ROWS <= this.#next) this.#pages.delete(number);
  }

  /** The row that was added first. */
  first(): number | undefined {
    while (this.#gone < this.#next && !this.isLive(this.#gone)) this.#gone++;
    return this.#gone < this.#next ? this.#gone : undefined;
  }

  *all(): Generator<number> {
    for (let row = this.first() ?? this.#next; row < this.#next; row++) if (this.isLive(row)) yield row;
  }

  /** Removes the rows that have run out. */
  expire(now: bigint): void {
    const [high, low] = [Number(now >> 32n), Number(now & LOW)];
    for (const [number, page] of this.#pages) {
      if (page.until > now) continue;
      const { words, alive } = page;
      // Later than any row: times have 64 bits.
      let [first, rest] = [Number.POSITIVE_INFINITY, 0];
      for (let i = 0; i < ROWS; i++) {
        if (alive[i] === 0) continue;
        const at = i * WIDTH + EXPIRES;
        const [above, below] = [words[at + 1] as number, (words[at] as number) >>> 0];
        if (above < high || (above === high && below <= low)) this.remove(number * ROWS + i);
        else if (above < first || (above === first && below < rest)) [first, rest] = [above, below];
      }
      // Rows are still added to the last one.
      const isWhole = (number + 1) * ROWS <= this.#next;
      if (isWhole && Number.isFinite(first)) page.until = (BigInt(first) << 32n) | BigInt(rest);
    }
  }
}

/** Where the words of a row begin in its page. */
export function placeOf(row: number): number {
  return (row % ROWS) * WIDTH;
}
