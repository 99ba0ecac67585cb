const BLANK = 32;
const TAB = 9;
const QUOTE = 34;
const BACKSLASH = 92;
const DASH = 45;
const BANG = 33;

/**
 * The words of a line of plain shape, one by one and without an object for each: single blanks between words, a quoted word without
 * backslashes. Where a line is of another shape `broken` is set, and the grammar has to read it.
 */
export class PlainLine {
  source = "";
  /** Where the word begins. */
  start = 0;
  /** Where it ends; the next one begins behind the blank there. */
  end = -1;
  broken = false;

  /** Begins with a word at a place. */
  open(source: string, at: number): void {
    this.source = source;
    this.end = at - 1;
    this.broken = false;
  }

  /** Goes to the next word; false where there is none. */
  next(): boolean {
    const { source } = this;
    const { length } = source;
    const start = this.end + 1;
    if (start > length) return false;
    this.start = start;
    const quoted = source.charCodeAt(start) === QUOTE;
    let end = start;
    if (quoted) {
      for (end++; end < length && source.charCodeAt(end) !== QUOTE; end++) if (source.charCodeAt(end) === BACKSLASH) this.broken = true;
      end++;
      if (end > length || (end < length && source.charCodeAt(end) !== BLANK)) this.broken = true;
      // What looks like a flag is one, quoted or not.
      const first = source.charCodeAt(start + 1);
      if (first === DASH || first === BANG) this.broken = true;
    } else {
      for (; end < length; end++) {
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

  /** Whether the word is a flag of more than one letter, `--source`. */
  get isLong(): boolean {
    return this.source.charCodeAt(this.start) === DASH && this.source.charCodeAt(this.start + 1) === DASH;
  }
}
