/** What can be put into buckets. */
export interface Bucketed<T> {
  readonly hash: number;
  /** What came into the same bucket after it. */
  next: T | undefined;
}

/** Buckets, a power of two. */
const BUCKETS = 1 << 14;

/**
 * Things that come and go, found again by a number, in the order in which they came. A Map would be built anew time and again, in the part of
 * the heap that is seldom cleared.
 */
export class Buckets<T extends Bucketed<T>> {
  readonly #first: (T | undefined)[] = new Array<T | undefined>(BUCKETS).fill(undefined);

  add(one: T): void {
    const at = one.hash & (BUCKETS - 1);
    let last = this.#first[at];
    if (!last) {
      this.#first[at] = one;
      return;
    }
    while (last.next) last = last.next;
    last.next = one;
  }

  remove(one: T): void {
    const at = one.hash & (BUCKETS - 1);
    let before: T | undefined;
    for (let here = this.#first[at]; here; here = here.next) {
      if (here === one) {
        if (before) before.next = one.next;
        else this.#first[at] = one.next;
        one.next = undefined;
        return;
      }
      before = here;
    }
  }

  /** The first that may have a number; the others, some of other numbers, come `next`. */
  first(hash: number): T | undefined {
    return this.#first[hash & (BUCKETS - 1)];
  }
}
