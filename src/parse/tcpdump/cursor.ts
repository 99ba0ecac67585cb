import type { Word } from "../../../grammars/words.ts";

/** Walks along the words of a line; commas and colons at their ends do not count. */
export class Cursor {
  readonly words: readonly Word[];
  #at: number;

  constructor(words: readonly Word[], at = 0) {
    this.words = words;
    this.#at = at;
  }

  /** The word at hand, bare. */
  get word(): string | undefined {
    return this.peek(0);
  }

  /** Number of words passed. */
  get at(): number {
    return this.#at;
  }

  /** A word further on, bare. */
  peek(ahead: number): string | undefined {
    return this.words[this.#at + ahead]?.text.replace(/[,:]+$/, "");
  }

  /** The word at hand as it stands, and on to the next. */
  next(): string | undefined {
    return this.words[this.#at++]?.text;
  }

  /** Whether these words come next; if so they are passed. */
  take(...texts: readonly string[]): boolean {
    if (!texts.every((text, index) => this.peek(index) === text)) return false;
    this.#at += texts.length;
    return true;
  }

  /** The number behind the next `name`, wherever it comes. */
  numberAfter(name: string): number | undefined {
    return this.#numberAt(this.words.findIndex(({ text }, index) => index >= this.#at && text.replace(/:$/, "") === name));
  }

  #numberAt(index: number): number | undefined {
    const found = index < 0 ? undefined : /^(0x[0-9a-f]{1,8}|\d{1,10})(?![\w.])/.exec(this.words[index + 1]?.text ?? "");
    return found ? Number(found[1]) : undefined;
  }

  /** All words from here on, as one text. */
  get rest(): string {
    return this.words
      .slice(this.#at)
      .map(({ text }) => text)
      .join(" ");
  }
}
