const CR = 13;
const BYTE_ORDER_MARK = 0xfeff;

/** The lines of a text by their number from 1; line ends of both kinds and a byte order mark are not part of a line. */
export class SourceLines {
  readonly text: string;
  readonly count: number;
  /** Where each line begins; behind the last one, where another one would. */
  readonly #starts: Int32Array;

  constructor(text: string) {
    this.text = text;
    let starts = new Int32Array(Math.max(16, text.length >> 6));
    let count = 0;
    let start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
    while (start < text.length) {
      if (count + 1 >= starts.length) starts = enlarged(starts);
      starts[count++] = start;
      const newline = text.indexOf("\n", start);
      start = (newline < 0 ? text.length : newline) + 1;
    }
    starts[count] = start;
    this.count = count;
    this.#starts = starts.slice(0, count + 1);
  }

  /** Where a line begins. */
  start(line: number): number {
    return this.#starts[line - 1] ?? this.text.length;
  }

  /** Where a line ends. */
  end(line: number): number {
    const end = (this.#starts[line] ?? this.text.length + 1) - 1;
    return end > this.start(line) && this.text.charCodeAt(end - 1) === CR ? end - 1 : end;
  }

  /** A line's text. */
  line(line: number): string {
    return this.text.slice(this.start(line), this.end(line));
  }
}

/** The same numbers with room for as many again. */
export function enlarged(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(numbers.length * 2);
  more.set(numbers);
  return more;
}
