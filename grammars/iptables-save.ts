import { createToken, EmbeddedActionsParser, type IToken, Lexer } from "chevrotain";
import { LONGEST_LINE, lazily, quote, VALIDATION } from "./words.ts";

/** A word of a rule with its quotes and escapes resolved, and where it stands in its line: from `start` up to, without, `end`. */
export interface SaveWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Packets and bytes of `[1:60]`. */
export interface CounterPair {
  readonly packets: number;
  readonly bytes: number;
}

/** One line of iptables-save output. The grammar knows lines and words; what the words of a rule mean is not its business. */
export type SaveLine =
  | { readonly kind: "blank" | "commit" }
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "table"; readonly name: SaveWord }
  | { readonly kind: "chain"; readonly name: SaveWord; readonly policy: SaveWord; readonly counters?: CounterPair }
  | { readonly kind: "rule"; readonly counters?: CounterPair; readonly words: SaveWord[] }
  | { readonly kind: "foreign"; readonly start: number; readonly end: number }
  | { readonly kind: "error"; readonly start: number; readonly end: number; readonly message: string };

// The lexer looks tokens up by first character only where it knows a pattern's first characters; complement sets must tell.
function firstCharacters(except: string): string[] {
  const characters: string[] = [];
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code);
    if (!except.includes(character)) characters.push(character);
  }
  for (let code = 256; code < 65536; code += 256) characters.push(String.fromCharCode(code));
  return characters;
}

const NOT_BLANK = firstCharacters(" \t");

const Blank = createToken({ name: "Blank", pattern: /[ \t]+/, group: Lexer.SKIPPED });
const Comment = createToken({ name: "Comment", label: "a comment", pattern: /#[\s\S]*/, line_breaks: false });
const Asterisk = createToken({ name: "Asterisk", label: "*", pattern: /\*/, push_mode: "declaration" });
const Colon = createToken({ name: "Colon", label: ":", pattern: /:/, push_mode: "declaration" });
const Counters = createToken({ name: "Counters", label: "counters like [0:0]", pattern: /\[\d+:\d+\]/ });
// The closing bracket may be missing here, as iptables-restore reads it.
const ChainCounters = createToken({ name: "ChainCounters", label: "counters like [0:0]", pattern: /\[\d+:\d+\]?/ });
const Commit = createToken({ name: "Commit", label: "COMMIT", pattern: /COMMIT[ \t]*(?![\s\S])/ });
const Command = createToken({
  name: "Command",
  label: "a rule (-A CHAIN ...)",
  pattern: /-[^ \t"]*/,
  push_mode: "words",
  line_breaks: false,
});
const Foreign = createToken({ name: "Foreign", pattern: /[\s\S]+/, start_chars_hint: NOT_BLANK, line_breaks: false });
const Name = createToken({ name: "Name", label: "a name", pattern: /[^ \t]+/, start_chars_hint: NOT_BLANK, line_breaks: false });
// A closing quote ends the word, and a quote may open inside of one: `foo"b a r"` (iptables xshared.c, add_param_to_argv).
const Bare = createToken({
  name: "Bare",
  label: "a word",
  pattern: /[^ \t"]+(?![^ \t])/,
  start_chars_hint: firstCharacters(' \t"'),
  line_breaks: false,
});
const Quoted = createToken({
  name: "Quoted",
  pattern: /[^ \t"]*"[^"\\]*(?:\\[\s\S][^"\\]*)*"/,
  start_chars_hint: NOT_BLANK,
  line_breaks: false,
});
const Unclosed = createToken({ name: "Unclosed", pattern: /[^ \t"]*"[\s\S]*/, start_chars_hint: NOT_BLANK, line_breaks: false });

const lexer = lazily(
  () =>
    new Lexer(
      {
        modes: {
          start: [Blank, Comment, Asterisk, Colon, Counters, ChainCounters, Commit, Command, Foreign],
          declaration: [Blank, ChainCounters, Name],
          words: [Blank, Bare, Quoted, Unclosed],
        },
        defaultMode: "start",
      },
      { ...VALIDATION, positionTracking: "onlyOffset", ensureOptimizations: true },
    ),
);

function plain(token: IToken): SaveWord {
  return { text: token.image, start: token.startOffset, end: token.startOffset + token.image.length };
}

function unquoted({ image, startOffset }: IToken): SaveWord {
  const quote = image.indexOf('"');
  const inner = image.slice(quote + 1, -1);
  const resolved = inner.includes("\\") ? inner.replaceAll(/\\([\s\S])/g, "$1") : inner;
  return { text: quote === 0 ? resolved : image.slice(0, quote) + resolved, start: startOffset, end: startOffset + image.length };
}

function counterPair(token: IToken): CounterPair {
  const colon = token.image.indexOf(":");
  return { packets: Number(token.image.slice(1, colon)), bytes: Number.parseInt(token.image.slice(colon + 1), 10) };
}

class SaveParser extends EmbeddedActionsParser {
  readonly line: () => SaveLine;

  constructor() {
    super([Blank, Comment, Asterisk, Colon, Counters, ChainCounters, Commit, Command, Foreign, Name, Bare, Quoted, Unclosed], {
      ...VALIDATION,
      maxLookahead: 1,
    });

    const table = this.RULE("table", (): SaveLine => {
      this.CONSUME(Asterisk);
      return { kind: "table", name: plain(this.CONSUME(Name, { LABEL: "a table name" })) };
    });

    const chain = this.RULE("chain", (): SaveLine => {
      this.CONSUME(Colon);
      const name = plain(this.CONSUME(Name, { LABEL: "a chain name" }));
      const policy = plain(this.CONSUME2(Name, { LABEL: "a policy" }));
      const counters = this.OPTION(() => counterPair(this.CONSUME(ChainCounters)));
      return { kind: "chain", name, policy, ...(counters ? { counters } : {}) };
    });

    let words: SaveWord[] = [];
    const word = [{ ALT: () => words.push(plain(this.CONSUME(Bare))) }, { ALT: () => words.push(unquoted(this.CONSUME(Quoted))) }];
    const oneWord = () => this.OR(word);
    const counters = () => counterPair(this.CONSUME(Counters));
    const rule = this.RULE("rule", (): SaveLine => {
      const count = this.OPTION(counters);
      words = [plain(this.CONSUME(Command))];
      this.MANY(oneWord);
      return count ? { kind: "rule", counters: count, words } : { kind: "rule", words };
    });

    const lines = [
      { ALT: () => this.SUBRULE(rule) },
      { ALT: () => this.SUBRULE(chain) },
      { ALT: () => this.SUBRULE(table) },
      { ALT: (): SaveLine => ({ kind: "comment", text: this.CONSUME(Comment).image }) },
      {
        ALT: (): SaveLine => {
          this.CONSUME(Commit);
          return { kind: "commit" };
        },
      },
      {
        ALT: (): SaveLine => {
          const { start, end } = plain(this.CONSUME(Foreign));
          return { kind: "foreign", start, end };
        },
      },
    ];
    this.line = this.RULE("line", (): SaveLine => this.OR(lines));
    this.performSelfAnalysis();
  }
}

const theParser = lazily(() => new SaveParser());
const BLANK: SaveLine = { kind: "blank" };

/** Reads one line, without its line end; iptables-restore itself reads 10239 characters. */
export function readSaveLine(text: string): SaveLine {
  if (text.length > LONGEST_LINE) {
    return { kind: "error", start: LONGEST_LINE, end: text.length, message: `expected a line of at most ${LONGEST_LINE} characters` };
  }
  const { tokens } = lexer().tokenize(text);
  if (tokens.length === 0) return BLANK;
  const parser = theParser();
  parser.input = tokens;
  const line = parser.line();
  const [error] = parser.errors;
  return error ? lineError(text, tokens, error.token) : line;
}

function lineError(text: string, tokens: readonly IToken[], token: IToken): SaveLine {
  const last = Number.isNaN(token.startOffset) || token.tokenType.name === "EOF";
  const start = last ? text.trimEnd().length : token.startOffset;
  const end = last ? start + 1 : start + token.image.length;
  if (token.tokenType === Unclosed) {
    return { kind: "error", start: start + token.image.indexOf('"'), end, message: "expected a closing quote before the end of the line" };
  }
  const found = last ? "the end of the line" : quote(token.image);
  return { kind: "error", start, end, message: `expected ${expectation(tokens, token)}, found ${found}` };
}

function expectation(tokens: readonly IToken[], token: IToken): string {
  const index = Number.isNaN(token.startOffset) ? tokens.length : tokens.indexOf(token);
  const before = tokens[(index < 0 ? tokens.length : index) - 1]?.tokenType;
  const first = tokens[0]?.tokenType;
  if (before === Asterisk) return "a table name after *";
  if (before === Colon) return "a chain name after :";
  if (first === Asterisk) return "nothing after the name of a table";
  if (first === Colon)
    return before === ChainCounters ? "nothing after the counters" : index === 2 ? "a policy: ACCEPT, DROP or -" : "counters like [0:0]";
  return "a rule (-A CHAIN ...) after the counters";
}
