/** Room at first, a power of two. */
const FIRST = 16;

/** A queue, which holds on to nothing that has left it. Its room goes round in a circle, and is only ever made larger. */
export class FirstIn<T> {
  #room: (T | undefined)[] = roomFor<T>(FIRST);
  #head = 0;
  #length = 0;

  get first(): T | undefined {
    return this.#room[this.#head];
  }

  get length(): number {
    return this.#length;
  }

  /** What is in it, in order. */
  get all(): readonly T[] {
    return this.#inOrder(this.#length) as T[];
  }

  push(one: T): void {
    if (this.#length === this.#room.length) {
      this.#room = this.#inOrder(this.#length * 2);
      this.#head = 0;
    }
    this.#room[(this.#head + this.#length++) & (this.#room.length - 1)] = one;
  }

  /** Takes out the first one. */
  shift(): T | undefined {
    const { first } = this;
    if (this.#length === 0) return undefined;
    this.#room[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#room.length - 1);
    this.#length--;
    return first;
  }

  #inOrder(size: number): (T | undefined)[] {
    const list = roomFor<T>(size);
    for (let i = 0; i < this.#length; i++) list[i] = this.#room[(this.#head + i) & (this.#room.length - 1)];
    return list;
  }
}

function roomFor<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
