import { enlarged } from "./source-lines.ts";

/** Which chains of a table lead to which, by their places in it. */
export class Jumps {
  #from = new Int32Array(64);
  #to = new Int32Array(64);
  #count = 0;

  /** Takes note of a rule that leads from one chain to another. */
  add(from: number, to: number): void {
    if (this.#count === this.#from.length) {
      this.#from = enlarged(this.#from);
      this.#to = enlarged(this.#to);
    }
    this.#from[this.#count] = from;
    this.#to[this.#count++] = to;
  }

  /** Whether some way leads back to where it began: chains that nothing leads to are taken away till none are left, or only loops. */
  hasLoop(chains: number): boolean {
    const first = new Int32Array(chains + 2);
    const waiting = new Int32Array(chains);
    for (let i = 0; i < this.#count; i++) {
      const [from, to] = [this.#from[i] ?? 0, this.#to[i] ?? 0];
      first[from + 2] = (first[from + 2] ?? 0) + 1;
      waiting[to] = (waiting[to] ?? 0) + 1;
    }
    for (let i = 2; i < first.length; i++) first[i] = (first[i] ?? 0) + (first[i - 1] ?? 0);
    // Filling them in moves the beginning of each chain's jumps to that of the next one's.
    const targets = new Int32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      const place = (this.#from[i] ?? 0) + 1;
      targets[first[place] ?? 0] = this.#to[i] ?? 0;
      first[place] = (first[place] ?? 0) + 1;
    }
    const free = new Int32Array(chains);
    let found = 0;
    for (let chain = 0; chain < chains; chain++) if (waiting[chain] === 0) free[found++] = chain;
    for (let taken = 0; taken < found; taken++) {
      const chain = free[taken] ?? 0;
      for (let i = first[chain] ?? 0; i < (first[chain + 1] ?? 0); i++) {
        const to = targets[i] ?? 0;
        const left = (waiting[to] ?? 0) - 1;
        waiting[to] = left;
        if (left === 0) free[found++] = to;
      }
    }
    return found < chains;
  }
}
