import type { MatchUse, Negatable } from "../model/rule.ts";
import { createFlagIndex } from "./extension-flags.ts";

const MOST = 8192;

/** A map that forgets everything when it is full: what repeats in a ruleset mostly repeats within few lines. */
export class Recent<T> {
  readonly #values = new Map<string, T>();

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): T {
    if (this.#values.size >= MOST) this.#values.clear();
    this.#values.set(key, value);
    return value;
  }

  clear(): void {
    this.#values.clear();
  }
}

/** What rules have in common, for the time of one parse: rulesets say the same few things thousands of times. */
export class RuleCache {
  readonly flags = createFlagIndex();
  /** By the text of the whole match: `tcp --dport 80`. */
  readonly matches = new Recent<MatchUse>();
  /** Protocols as `-p` has them, without `!`. */
  readonly protocols = new Recent<Negatable<number>>();
}
