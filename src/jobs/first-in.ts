/** A queue. */
export class FirstIn<T> {
  #all: T[] = [];
  /** Where the first one stands, as the beginning is cut off only from time to time. */
  #head = 0;

  get first(): T | undefined {
    return this.#all[this.#head];
  }

  get length(): number {
    return this.#all.length - this.#head;
  }

  push(one: T): void {
    this.#all.push(one);
  }

  /** The first one is done with. */
  shift(): void {
    this.#head++;
    if (this.#head * 2 <= this.#all.length) return;
    this.#all = this.#all.slice(this.#head);
    this.#head = 0;
  }
}
