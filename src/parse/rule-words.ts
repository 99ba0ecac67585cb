import type { SaveWord } from "../../grammars/iptables-save.ts";
import { quote, shortened } from "../../grammars/words.ts";
import type { Problem, ProblemKind } from "../model/problem.ts";
import { type Extent, endOf, type Place, problemAt } from "./position.ts";

/** The words of a rule while it is read, and what is wrong with them. */
export class RuleWords {
  readonly place: Place;
  readonly problems: Problem[] = [];
  readonly words: SaveWord[];
  /** Index of the next word. */
  at: number;

  constructor(place: Place, words: SaveWord[], at: number) {
    this.place = place;
    this.words = words;
    this.at = at;
  }

  /** The next word, not taken yet. */
  get next(): SaveWord | undefined {
    return this.words[this.at];
  }

  /** Takes the next word. */
  take(): SaveWord | undefined {
    return this.words[this.at++];
  }

  /** Takes a word that must be there. */
  need(what: string, flag: SaveWord): SaveWord | undefined {
    const word = this.take();
    if (!word) this.report(endOf(this.place), `expected ${what} after ${shortened(flag.text)}, found the end of the line`);
    return word;
  }

  /** Puts several words in the place of the next one: `--dport=80`, `-ptcp`. */
  split(...parts: readonly SaveWord[]): void {
    this.words.splice(this.at, 1, ...parts);
  }

  /** A word as it is written, quotes and all. */
  raw(word: SaveWord): string {
    return word.text.length === word.end - word.start ? word.text : this.place.source.slice(word.start, word.end);
  }

  /** Notes that something was expected and something else stands there. */
  expected(what: string, found: SaveWord, hint?: string): void {
    this.report(found, `expected ${what}, found ${quote(found.text)}`, hint);
  }

  report(at: Extent, message: string, hint?: string, kind?: ProblemKind): void {
    this.problems.push(problemAt(this.place, at, message, hint, kind));
  }
}
