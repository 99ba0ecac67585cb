import type { Chain, Counters, Rule } from "../model/rule.ts";
import type { RuleDraft } from "./lower-rule.ts";

/** Reads the plain rule of a line once more, in which nothing was wrong before. */
export type ReadAgain = (line: number, chain: ChainDraft) => RuleDraft;

/**
 * A chain while its file is read, and behind that: of plain rules it knows no more than their lines, and they are read once more when somebody asks for
 * the chain's rules. Packets come to few of the chains of a large ruleset, and rules take far more room than their text does.
 */
export class ChainDraft implements Chain {
  readonly name: string;
  line: number;
  policy?: "ACCEPT" | "DROP";
  counters?: Counters;
  declare readonly rules: readonly Rule[];
  /** Its place among the chains of its table. */
  readonly #index: number;
  #read: ReadAgain | undefined;
  /** As long as its rules are plain and stand together, it has but the first one's line and their number. */
  #first = 0;
  #count = 0;
  #entries: (RuleDraft | number)[] | undefined;
  #numbered = false;

  // On each object and not on their prototype, so that it is seen by whoever goes through the properties of one. As it is one getter, they all have one shape.
  static readonly #RULES: PropertyDescriptor & ThisType<ChainDraft> = {
    get() {
      return this.#all();
    },
    enumerable: true,
    configurable: true,
  };

  constructor(name: string, line: number, index: number, policy?: "ACCEPT" | "DROP") {
    this.name = name;
    this.line = line;
    this.#index = index;
    if (policy) this.policy = policy;
    Object.defineProperty(this, "rules", ChainDraft.#RULES);
  }

  get index(): number {
    return this.#index;
  }

  /** How many rules it has. */
  get length(): number {
    return this.#entries?.length ?? this.#count;
  }

  /** Adds the plain rule of a line. */
  append(line: number, read: ReadAgain): void {
    this.#read = read;
    if (this.#entries) this.#entries.push(line);
    else if (this.#count === 0) {
      this.#first = line;
      this.#count = 1;
    } else if (line === this.#first + this.#count) this.#count++;
    else this.#list().push(line);
  }

  /** Adds rules at a place counted from 0. */
  insert(at: number, rules: readonly RuleDraft[]): void {
    const entries = this.#list();
    if (at < entries.length) entries.splice(at, 0, ...rules);
    else for (const rule of rules) entries.push(rule);
  }

  #list(): (RuleDraft | number)[] {
    this.#entries ??= Array.from({ length: this.#count }, (_, i) => this.#first + i);
    return this.#entries;
  }

  #all(): readonly Rule[] {
    const entries = this.#list();
    if (this.#numbered) return entries as Rule[];
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      const rule = typeof entry === "number" ? this.#read?.(entry, this) : entry;
      if (!rule) continue;
      rule.number = i + 1;
      entries[i] = rule;
    }
    this.#numbered = true;
    this.#read = undefined;
    return entries as Rule[];
  }
}
