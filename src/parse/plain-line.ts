import { RULE_FLAGS } from "./rule-flags.ts";

const BLANK = 32;
const TAB = 9;
const QUOTE = 34;
const BACKSLASH = 92;
const DASH = 45;
const BANG = 33;

const hint = (source: string, start: number, end: number) => source.charCodeAt(start + 2) * 64 + end - start;
const FLAGS = [...RULE_FLAGS.keys()];
const SHORT_FLAGS: ReadonlySet<number> = new Set(FLAGS.filter((flag) => flag.length === 2).map((flag) => flag.charCodeAt(1)));
const LONG_FLAGS: ReadonlySet<number> = new Set(FLAGS.filter((flag) => flag.length > 2).map((flag) => hint(flag, 0, flag.length)));

/**
 * The words of a line of plain shape, one by one and without an object for each: single blanks between words, a quoted word without
 * backslashes. Where a line is of another shape `broken` is set, and the grammar has to read it.
 */
export class PlainLine {
  /** The whole text, which is faster to look at than a line cut out of it. */
  readonly source: string;
  /** Where the line ends. */
  limit = 0;
  /** Where the word begins. */
  start = 0;
  /** Where it ends; the next one begins behind the blank there. */
  end = -1;
  broken = false;

  constructor(source: string) {
    this.source = source;
  }

  /** Begins with a word at a place in a line. */
  open(at: number, limit: number): void {
    this.limit = limit;
    this.end = at - 1;
    this.broken = false;
  }

  /** Goes to the next word; false where there is none. */
  next(): boolean {
    const { source, limit } = this;
    const start = this.end + 1;
    if (start > limit) return false;
    this.start = start;
    let end = start;
    // Behind the last blank of a line there is no word, whatever the next line begins with.
    if (start < limit && source.charCodeAt(start) === QUOTE) {
      for (end++; end < limit && source.charCodeAt(end) !== QUOTE; end++) if (source.charCodeAt(end) === BACKSLASH) this.broken = true;
      end++;
      if (end > limit || (end < limit && source.charCodeAt(end) !== BLANK)) this.broken = true;
      // What looks like a flag is one, quoted or not.
      const first = source.charCodeAt(start + 1);
      if (first === DASH || first === BANG) this.broken = true;
    } else {
      for (; end < limit; end++) {
        const code = source.charCodeAt(end);
        if (code === BLANK) break;
        if (code === QUOTE || code === TAB) this.broken = true;
      }
      if (end === start) this.broken = true;
    }
    this.end = end;
    return !this.broken;
  }

  /** The word as it is written. */
  get text(): string {
    return this.source.slice(this.start, this.end);
  }

  /** The letter of a flag like `-s`; 0 for any other word. */
  get flag(): number {
    return this.end - this.start === 2 && this.source.charCodeAt(this.start) === DASH ? this.source.charCodeAt(this.start + 1) : 0;
  }

  get isBang(): boolean {
    return this.end - this.start === 1 && this.source.charCodeAt(this.start) === BANG;
  }

  get isQuoted(): boolean {
    return this.source.charCodeAt(this.start) === QUOTE;
  }

  /** Whether the word is a flag of iptables itself, not one of an extension. */
  get isRuleFlag(): boolean {
    const { source, start, end } = this;
    if (source.charCodeAt(start) !== DASH) return false;
    if (end - start === 2) return SHORT_FLAGS.has(source.charCodeAt(start + 1));
    // A look at its length and its first letter spares most others from being cut out.
    return source.charCodeAt(start + 1) === DASH && LONG_FLAGS.has(hint(source, start, end)) && RULE_FLAGS.has(source.slice(start, end));
  }
}
