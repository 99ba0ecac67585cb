import {
  createToken,
  type EmbeddedActionsParser,
  EOF,
  type IParserErrorMessageProvider,
  type IRecognitionException,
  type IToken,
  Lexer,
  type TokenType,
} from "chevrotain";

/** A word of a line; its column counts from 1. */
export interface Word {
  readonly text: string;
  readonly column: number;
}

/** A name with the words that belong to it: `via 10.0.0.1`, `mtu lock 1400`, `onlink`. */
export interface Attribute {
  readonly name: Word;
  readonly values: readonly Word[];
}

/** Where a line departs from its grammar. */
export interface Fault {
  readonly message: string;
  readonly column: number;
  readonly span: number;
}

/** A line as far as its grammar understood it: `value` is absent when there are faults. */
export interface LineRead<T> {
  readonly value?: T;
  readonly faults: readonly Fault[];
}

const LONGEST_QUOTED = 60;

/** A piece of input as a message shows it: a word without end is cut. */
export function shortened(text: string): string {
  return text.length > LONGEST_QUOTED ? `${text.slice(0, LONGEST_QUOTED)}…` : text;
}

/** A piece of input as a message quotes it. */
export function quote(text: string): string {
  return `"${shortened(text)}"`;
}

const BLANKS = " \t\r\n\f\v";

// The lexer looks tokens up by their first character only if it knows all of them; above 255 it has one slot for 256 characters.
function firstCharacters(): string[] {
  const codes = Array.from({ length: 256 }, (_, index) => [index, (index + 1) * 256]).flat();
  return codes
    .filter((code) => code < 0x10000)
    .flatMap((code) => String.fromCharCode(code))
    .filter((character) => !BLANKS.includes(character));
}

/** Anything between blanks; every keyword is a word too, since devices and tables may be named like one. */
export const AnyWord = createToken({
  name: "AnyWord",
  pattern: /[^ \t\r\n\f\v]+/,
  start_chars_hint: firstCharacters(),
  line_breaks: false,
  label: "a word",
});

/** Blanks within a line. */
const Blank = createToken({ name: "Blank", pattern: /[ \t\r\n\f\v]+/, group: Lexer.SKIPPED, line_breaks: true });

/** A group of keywords that a grammar treats alike. */
export function keywordGroup(name: string, label: string): TokenType {
  return createToken({ name, pattern: Lexer.NA, label });
}

/** A keyword that is a word too, and a member of a group. */
export function keyword(name: string, group?: TokenType): TokenType {
  const categories = group ? [group, AnyWord] : [AnyWord];
  return createToken({ name: `'${name}'`, pattern: name, longer_alt: AnyWord, categories, label: name });
}

/** The order in which a lexer tries tokens: a keyword before those that it begins with (`inet6`, `inet`), words last. */
export function lexingOrder(tokens: readonly TokenType[]): TokenType[] {
  const length = (token: TokenType) => (typeof token.PATTERN === "string" ? token.PATTERN.length : 0);
  const keywords = tokens.filter((token) => length(token) > 0).sort((a, b) => length(b) - length(a));
  return [Blank, ...tokens.filter((token) => length(token) === 0), ...keywords, AnyWord];
}

/** The word of a token. */
export function wordOf(token: IToken): Word {
  return { text: token.image, column: token.startOffset + 1 };
}

function found(token: IToken | undefined): string {
  return token === undefined || token.tokenType === EOF ? "the end of the line" : quote(token.image);
}

/** Says what was expected in the words of the format: `rest` is what may follow a line, `values` what belongs behind each name. */
export function faultMessages(rest: string, values: Readonly<Record<string, string>>): IParserErrorMessageProvider {
  const wanted = new Map(Object.entries(values));
  return {
    buildMismatchTokenMessage: ({ expected, actual, previous }) => {
      const before = previous?.image ?? "";
      const what = expected === AnyWord ? (wanted.get(before) ?? "a value") : (expected.LABEL ?? expected.name);
      return `expected ${what}${before ? ` after ${shortened(before)}` : ""}, found ${found(actual)}`;
    },
    buildNotAllInputParsedMessage: ({ firstRedundant }) => `expected ${rest}, found ${found(firstRedundant)}`,
    buildNoViableAltMessage: ({ actual, customUserDescription }) => `expected ${customUserDescription ?? rest}, found ${found(actual[0])}`,
    buildEarlyExitMessage: ({ actual, customUserDescription }) => `expected ${customUserDescription ?? rest}, found ${found(actual[0])}`,
  };
}

function faultOf(error: IRecognitionException, end: number): Fault {
  const { token } = error;
  if (token.tokenType === EOF) return { message: error.message, column: end + 1, span: 1 };
  return { message: error.message, column: token.startOffset + 1, span: token.image.length };
}

/** No tool prints longer lines; the words of one could otherwise fill the memory. */
export const LONGEST_LINE = 65_536;

/** Grammars are checked for mistakes of their own by the tests; the bundled program goes without, which halves the time that they take to build. */
export const VALIDATION = { skipValidations: process.env["NODE_ENV"] === "production" } as const;

/** Makes something when it is first asked for: grammars take time to build, and a run needs few of them. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A reader of lines by a grammar; faults of the lexer, which chevrotain keeps apart, are reported as well. */
export function lineReader<T>(
  makeLexer: () => Lexer,
  makeParser: () => EmbeddedActionsParser & { line(): T },
): (text: string) => LineRead<T> {
  const grammar = lazily(() => ({ lexer: makeLexer(), parser: makeParser() }));
  return (text) => {
    const { lexer, parser } = grammar();
    return readLine(text, lexer, parser);
  };
}

function readLine<T>(text: string, lexer: Lexer, parser: EmbeddedActionsParser & { line(): T }): LineRead<T> {
  if (text.length > LONGEST_LINE) {
    const message = `expected a line of at most ${LONGEST_LINE} characters, found ${text.length}`;
    return { faults: [{ message, column: LONGEST_LINE + 1, span: text.length - LONGEST_LINE }] };
  }
  const { tokens, errors } = lexer.tokenize(text);
  const faults: Fault[] = errors.map(({ offset, length }) => ({
    message: `unexpected ${JSON.stringify(text.slice(offset, offset + length))}`,
    column: offset + 1,
    span: length,
  }));
  parser.input = tokens;
  const value = parser.line();
  const end = text.trimEnd().length;
  for (const error of parser.errors) faults.push(faultOf(error, end));
  return faults.length === 0 ? { value, faults } : { faults };
}
