/** One decision that could not be taken from what was given. */
interface Choice {
  readonly key: string;
  readonly text: (value: boolean) => string;
  value: boolean;
}

/** Asks which way a packet went where nothing tells; the same key gets the same answer. */
export type Ask = (key: string, text: (value: boolean) => string) => boolean;

/** Ways of one packet beyond this many are not followed. */
const MAX_WAYS = 64;

/**
 * Walks through all combinations of undecided conditions of one packet, depth first: a run asks, gets an answer, and the
 * next run gets the other answer to the last question that still has one.
 */
export class Choices {
  #fixed: boolean[] = [];
  #asked: Choice[] = [];
  readonly #times = new Map<string, number>();
  #runs = 0;

  /** The answer of this way; the same key gets the same answer throughout a way. */
  ask(key: string, text: (value: boolean) => string): boolean {
    const known = this.#asked.find((choice) => choice.key === key);
    if (known) return known.value;
    const value = this.#fixed[this.#asked.length] ?? true;
    this.#asked.push({ key, text, value });
    return value;
  }

  /** The same for what may be answered otherwise each time that it is asked; `text` learns whether it was asked before. */
  askAnew(key: string, text: (value: boolean, again: boolean) => string): boolean {
    const times = this.#times.get(key) ?? 0;
    this.#times.set(key, times + 1);
    return this.ask(`${key}#${times}`, (value) => text(value, times > 0));
  }

  get conditions(): string[] {
    return this.#asked.map((choice) => choice.text(choice.value));
  }

  /** Starts the run with these answers. */
  start(answers: readonly boolean[]): void {
    this.#fixed = [...answers];
    this.#asked = [];
    if (this.#times.size > 0) this.#times.clear();
    this.#runs++;
  }

  /** The answers of the next way, or undefined when all have been followed. */
  next(): readonly boolean[] | undefined {
    const answers = this.#asked.map((choice) => choice.value);
    while (answers.length > 0) {
      if (answers.pop()) return [...answers, false];
    }
    return undefined;
  }

  get exhausted(): boolean {
    return this.#runs >= MAX_WAYS;
  }

  reset(): void {
    this.#runs = 0;
    this.start([]);
  }
}
