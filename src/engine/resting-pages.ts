import { EXPIRES, idOf, type Layout, LOW, widthOf } from "./resting-words.ts";
import { SourceChains } from "./source-chains.ts";

/** Rows of a page, and how many of them are left when others come in the place of those that are gone. */
const ROWS = 4096;
const SPARSE = ROWS / 2;

/** What a row is. */
const GONE = 0;
const LOOSE = 1;
const ASSURED = 2;

interface Page {
  /** Its place among the pages, as the rows' numbers have it. */
  number: number;
  readonly words: Int32Array;
  readonly state: Uint8Array;
  left: number;
  /** Before that none of its rows runs out. */
  until: bigint;
}

/**
 * Rows of words, in pages that are let go of when all their rows are gone. Those that are not assured stand in the order in which they came;
 * the others may come in the place of one that is gone.
 */
export class Pages {
  readonly layout: Layout;
  readonly #width: number;
  /** By number; those that were let go of are missing. */
  #pages: (Page | undefined)[] = [];
  /** The next row's number, and up to where all are gone. */
  #next = 0;
  #gone = 0;
  /** Up to where none is loose. */
  #tight = 0;
  /** Pages with many rows that are gone, which are taken up again one after the other: the one at hand, and up to where it is full. */
  readonly #sparse = new Set<Page>();
  #filling: Page | undefined;
  #filled = 0;
  /** Rows by where their connections come from; whoever adds a row puts it in. */
  readonly sources = new SourceChains((row) => idOf(this.at(row), this.placeOf(row)));
  live = 0;
  /** Those of them whose connection is not assured. */
  loose = 0;

  constructor(layout: Layout) {
    this.layout = layout;
    this.#width = widthOf(layout);
  }

  /** A further row, whose words are those of an earlier one or zeros. */
  add(assured: boolean): number {
    const row = (assured ? this.#goneRow() : undefined) ?? this.#next++;
    const number = Math.floor(row / ROWS);
    let page = this.#pages[number];
    if (!page) {
      page = { number, words: new Int32Array(ROWS * this.#width), state: new Uint8Array(ROWS), left: 0, until: 0n };
      this.#pages[number] = page;
    }
    page.state[row % ROWS] = assured ? ASSURED : LOOSE;
    page.left++;
    this.live++;
    if (!assured) this.loose++;
    if (row === this.#next - 1 && this.#isWhole(page) && page.left <= SPARSE) this.#sparse.add(page);
    return row;
  }

  /** A row that is gone, of a page that has many of them. */
  #goneRow(): number | undefined {
    for (let page = this.#sparsePage(); page; page = this.#sparsePage()) {
      const at = page.state.indexOf(GONE, this.#filled);
      this.#filled = at < 0 ? ROWS : at + 1;
      if (at < 0) continue;
      const row = page.number * ROWS + at;
      this.#gone = Math.min(this.#gone, row);
      page.until = 0n;
      return row;
    }
    return undefined;
  }

  /** The one at hand, up to its end; then it again where many of its rows have gone meanwhile, or another one. */
  #sparsePage(): Page | undefined {
    if (this.#filling && this.#filled < ROWS) return this.#filling;
    this.#filled = 0;
    if (this.#filling && this.#filling.left <= SPARSE) return this.#filling;
    [this.#filling] = this.#sparse;
    if (this.#filling) this.#sparse.delete(this.#filling);
    return this.#filling;
  }

  isLive(row: number): boolean {
    return this.#stateOf(row) !== GONE;
  }

  #stateOf(row: number): number {
    return this.#pages[Math.floor(row / ROWS)]?.state[row % ROWS] ?? GONE;
  }

  /** Where the words of a row begin in its page. */
  placeOf(row: number): number {
    return (row % ROWS) * this.#width;
  }

  /** The words of a row that is there: those of its page, of which it has some from `placeOf` on. */
  at(row: number): Int32Array {
    return (this.#pages[Math.floor(row / ROWS)] as Page).words;
  }

  remove(row: number): void {
    const number = Math.floor(row / ROWS);
    const page = this.#pages[number];
    if (!page || page.state[row % ROWS] === GONE) return;
    this.sources.remove(row);
    if (page.state[row % ROWS] === LOOSE) this.loose--;
    page.state[row % ROWS] = GONE;
    this.live--;
    page.left--;
    if (!this.#isWhole(page)) return;
    if (page.left === SPARSE && page !== this.#filling) this.#sparse.add(page);
    if (page.left > 0) return;
    this.#pages[number] = undefined;
    this.#sparse.delete(page);
    if (page === this.#filling) this.#filling = undefined;
  }

  /** Rows are still added to the last one. */
  #isWhole({ number }: Page): boolean {
    return (number + 1) * ROWS <= this.#next;
  }

  /** The row that was added first of those whose connection is not assured. */
  firstLoose(): number | undefined {
    if (this.loose === 0) return undefined;
    while (this.#stateOf(this.#tight) !== LOOSE) this.#tight++;
    return this.#tight;
  }

  *all(): Generator<number> {
    while (this.#gone < this.#next && !this.isLive(this.#gone)) this.#gone++;
    for (let row = this.#gone; row < this.#next; row++) if (this.isLive(row)) yield row;
  }

  /**
   * Numbers the rows anew in the same order, without those of pages that are gone: numbers shall not grow for as long as packets come. None
   * of them is among the sources any more.
   */
  renumber(): void {
    const pages = this.#pages.filter((page) => page !== undefined);
    const begun = this.#next % ROWS;
    for (const [number, page] of pages.entries()) page.number = number;
    this.#pages = pages;
    this.#next = begun === 0 ? pages.length * ROWS : (pages.length - 1) * ROWS + begun;
    this.#gone = this.#tight = 0;
    this.sources.clear(this.#next);
  }

  /** Removes the rows that have run out. */
  expire(now: bigint): void {
    const high = Number(now >> 32n);
    const low = Number(now & LOW);
    for (const [number, page] of this.#pages.entries()) {
      if (!page || page.until > now) continue;
      const { words, state } = page;
      // Later than any row: times have 64 bits.
      let first = Number.POSITIVE_INFINITY;
      let rest = 0;
      for (let i = 0; i < ROWS; i++) {
        if (state[i] === GONE) continue;
        const at = i * this.#width + EXPIRES;
        const above = words[at + 1] as number;
        const below = (words[at] as number) >>> 0;
        if (above < high || (above === high && below <= low)) this.remove(number * ROWS + i);
        else if (above < first || (above === first && below < rest)) {
          first = above;
          rest = below;
        }
      }
      if (this.#isWhole(page) && Number.isFinite(first)) page.until = (BigInt(first) << 32n) | BigInt(rest);
    }
  }
}
