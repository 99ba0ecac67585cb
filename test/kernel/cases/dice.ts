import type { Random } from "fast-check";

/** Random choices of a case; all that is random comes through here, so that a seed decides the case. */
export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Both ends are possible. */
  integer(min: number, max: number): number {
    return this.#random.nextInt(min, max);
  }

  /** True once in `oneIn` times. */
  chance(oneIn: number): boolean {
    return this.integer(1, oneIn) === 1;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)] as T;
  }

  /** Of pairs of weight and value. */
  weighted<T>(...values: readonly (readonly [number, T])[]): T {
    let rest = this.integer(
      1,
      values.reduce((sum, [weight]) => sum + weight, 0),
    );
    for (const [weight, value] of values) {
      rest -= weight;
      if (rest <= 0) return value;
    }
    throw new Error("no value has a weight");
  }

  /** Those of the values that happen to be taken, each once in `oneIn` times. */
  some<T>(oneIn: number, values: readonly T[]): T[] {
    return values.filter(() => this.chance(oneIn));
  }
}
