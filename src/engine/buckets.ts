/** What can be put into buckets. */
export interface Bucketed<T> {
  readonly hash: number;
  /** What came into the same bucket after it. */
  next: T | undefined;
}

/** Buckets at first, a power of two; once there have been so many things, there are never fewer than LEAST. */
const FIRST = 16;
const LEAST = 1 << 10;
/** With less of the buckets taken than this, `keep` takes away buckets, too. */
const SPARSE = 1 / 8;

/**
 * Things that come and go, found again by a number, in the order in which they came. A Map would be built anew time and again, in the part of
 * the heap that is seldom cleared.
 */
export class Buckets<T extends Bucketed<T>> {
  #first = bucketsOf<T>(FIRST);
  #size = 0;

  /** How many things there are. */
  get size(): number {
    return this.#size;
  }

  add(one: T): void {
    if (this.#size >= this.#first.length) this.#rebuild(this.#first.length * 2);
    this.#size++;
    this.#enter(one);
  }

  #enter(one: T): void {
    const at = one.hash & (this.#first.length - 1);
    let last = this.#first[at];
    if (!last) {
      this.#first[at] = one;
      return;
    }
    while (last.next) last = last.next;
    last.next = one;
  }

  #rebuild(count: number): void {
    const before = this.#first;
    this.#first = bucketsOf(count);
    for (const first of before) {
      for (let one = first; one; ) {
        const { next }: T = one;
        one.next = undefined;
        this.#enter(one);
        one = next;
      }
    }
  }

  remove(one: T): void {
    const at = one.hash & (this.#first.length - 1);
    let before: T | undefined;
    for (let here = this.#first[at]; here; here = here.next) {
      if (here === one) {
        if (before) before.next = one.next;
        else this.#first[at] = one.next;
        one.next = undefined;
        this.#size--;
        return;
      }
      before = here;
    }
  }

  /** The first that may have a number; the others, some of other numbers, come `next`. */
  first(hash: number): T | undefined {
    return this.#first[hash & (this.#first.length - 1)];
  }

  /** Removes those that do not stay. */
  keep(stays: (one: T) => boolean): void {
    for (let at = 0; at < this.#first.length; at++) {
      let last: T | undefined;
      for (let one = this.#first[at]; one; ) {
        const { next }: T = one;
        if (stays(one)) last = one;
        else {
          if (last) last.next = next;
          else this.#first[at] = next;
          one.next = undefined;
          this.#size--;
        }
        one = next;
      }
    }
    let count = this.#first.length;
    while (count > LEAST && this.#size < count * SPARSE) count /= 2;
    if (count < this.#first.length) this.#rebuild(count);
  }
}

function bucketsOf<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
