/** So many things in doubt are kept one by one. */
const MOST = 65_536;

/** Why things are in doubt, by their names. When there are too many to be kept, everything is in doubt. */
export class Doubted {
  readonly #reasons = new Map<string, string>();
  readonly #most: number;
  #ofAll: string | undefined;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Whether nothing is in doubt. */
  get isEmpty(): boolean {
    return this.#reasons.size === 0;
  }

  set(name: string, reason: string): void {
    if (this.#ofAll !== undefined) return;
    this.#reasons.set(name, reason);
    if (this.#reasons.size > this.#most) this.#ofAll = `${reason}, like many before it`;
  }

  /** Why a thing is in doubt; undefined when it is not. */
  of(name: string): string | undefined {
    return this.#ofAll ?? this.#reasons.get(name);
  }
}
