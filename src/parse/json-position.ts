/** Where the values of a JSON text are, by path (`[0].mtu`), and where the text stops being JSON (RFC 8259). */
export interface JsonPositions {
  readonly values: ReadonlyMap<string, { readonly start: number; readonly end: number }>;
  readonly error?: { readonly offset: number; readonly expected: string };
}

class NotJson extends Error {
  readonly offset: number;
  constructor(offset: number, expected: string) {
    super(expected);
    this.offset = offset;
  }
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const BLANK = /[ \t\r\n]*/y;
const MAX_DEPTH = 500;

class Walker {
  private readonly text: string;
  private position = 0;
  readonly values = new Map<string, { start: number; end: number }>();

  constructor(text: string) {
    this.text = text;
  }

  document(): void {
    this.value("", 0);
    if (this.position < this.text.length) throw new NotJson(this.position, "the end of the file");
  }

  private value(path: string, depth: number): void {
    this.take(BLANK);
    const start = this.position;
    if (depth > MAX_DEPTH) throw new NotJson(start, "fewer brackets within each other");
    if (this.literal("[")) this.elements("]", (index) => this.value(`${path}[${index}]`, depth + 1));
    else if (this.literal("{")) this.elements("}", () => this.member(path, depth));
    else if (this.string() === undefined && this.take(SCALAR) === undefined) throw new NotJson(start, "a value");
    this.values.set(path, { start, end: this.position });
    this.take(BLANK);
  }

  private member(path: string, depth: number): void {
    this.take(BLANK);
    const key = this.string();
    if (key === undefined) throw new NotJson(this.position, 'a key in double quotes or "}"');
    this.take(BLANK);
    if (!this.literal(":")) throw new NotJson(this.position, '":"');
    this.value(joinPath(path, JSON.parse(key) as string), depth + 1);
  }

  private elements(close: string, element: (index: number) => void): void {
    this.take(BLANK);
    if (this.literal(close)) return;
    let index = 0;
    do element(index++);
    while (this.literal(","));
    if (!this.literal(close)) throw new NotJson(this.position, `"," or "${close}"`);
  }

  private literal(text: string): boolean {
    if (this.text[this.position] !== text) return false;
    this.position++;
    return true;
  }

  // No regular expression: it would keep a way back for each character of a long string, until its stack is full.
  private string(): string | undefined {
    const start = this.position;
    if (this.text.charCodeAt(start) !== QUOTE) return undefined;
    for (let at = start + 1; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at);
      if (code === QUOTE) {
        this.position = at + 1;
        return this.text.slice(start, this.position);
      }
      if (code < FIRST_PRINTABLE) return undefined;
      if (code !== BACKSLASH) continue;
      ESCAPE.lastIndex = at;
      const escaped = ESCAPE.exec(this.text);
      if (!escaped) return undefined;
      at += escaped[0].length - 1;
    }
    return undefined;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.position += match[0].length;
    return match[0];
  }
}

/** The path of a member: `.mtu`, or `["odd key"]`. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** Walks through a JSON text for the sake of messages: JSON.parse says neither where it stopped nor where a value was. */
export function jsonPositions(text: string): JsonPositions {
  const walker = new Walker(text);
  try {
    walker.document();
    return { values: walker.values };
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return { values: walker.values, error: { offset: error.offset, expected: error.message } };
  }
}
