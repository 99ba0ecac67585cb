import { createToken, EmbeddedActionsParser, type IToken, Lexer, tokenMatcher } from "chevrotain";
import {
  AnyWord,
  faultMessages,
  keyword,
  keywordGroup,
  type LineRead,
  lexingOrder,
  lineReader,
  VALIDATION,
  type Word,
  wordOf,
} from "./words.ts";

/** An option of a set or an entry; `value` is absent for one that has none (`counters`, `nomatch`). */
export interface IpsetOption {
  readonly name: Word;
  readonly value?: Word;
}

/** A line of `ipset save`: `create SET TYPE options` or `add SET ELEMENT options`. */
export interface IpsetLine {
  readonly command: "create" | "add";
  readonly set: Word;
  /** The type of a set, or an element. */
  readonly what: Word;
  readonly options: readonly IpsetOption[];
}

const VALUE_NAMES = [
  ...["family", "hashsize", "maxelem", "bucketsize", "initval", "netmask", "bitmask", "markmask", "timeout", "range", "size", "probes"],
  ...["resize", "packets", "bytes", "skbmark", "skbprio", "skbqueue", "before", "after"],
];
const FLAG_NAMES = ["counters", "skbinfo", "forceadd", "nomatch", "wildcard"];

const ValueName = keywordGroup("ValueName", "an option");
const FlagName = keywordGroup("FlagName", "an option");
const Create = keyword("create");
const Add = keyword("add");
const Comment = keyword("comment");
// ipset has no escapes within quotes, and refuses a comment that has a quote in it.
const Quoted = createToken({ name: "Quoted", label: "a quoted text", pattern: /"[^"]*"(?!\S)/, line_breaks: false });

const Unclosed = createToken({ name: "Unclosed", label: "a quoted text", pattern: /"[^"]*/, line_breaks: false });

const tokens = lexingOrder([
  Quoted,
  Unclosed,
  Create,
  Add,
  Comment,
  ...VALUE_NAMES.map((name) => keyword(name, ValueName)),
  ...FLAG_NAMES.map((name) => keyword(name, FlagName)),
]);

const messages = faultMessages("an option (family, timeout, comment …)", {
  create: "the name of a set",
  add: "the name of a set",
  ...Object.fromEntries(VALUE_NAMES.map((name) => [name, "a value"])),
});

function unquoted(token: IToken): Word {
  return { text: token.image.slice(1, -1), column: token.startOffset + 1 };
}

class IpsetParser extends EmbeddedActionsParser {
  readonly line: () => IpsetLine;

  constructor() {
    super([...tokens, ValueName, FlagName], { ...VALIDATION, maxLookahead: 1, errorMessageProvider: messages });

    const value = this.RULE("attributeText", () =>
      this.OR({
        DEF: [{ ALT: () => unquoted(this.CONSUME(Quoted)) }, { ALT: () => wordOf(this.CONSUME(AnyWord)) }],
        ERR_MSG: "a value",
      }),
    );
    const isPlain = () => {
      const next = this.LA(1);
      return !tokenMatcher(next, ValueName) && !tokenMatcher(next, FlagName) && !tokenMatcher(next, Comment);
    };
    const attribute = this.RULE(
      "attribute",
      (): IpsetOption =>
        this.OR([
          { ALT: () => ({ name: wordOf(this.CONSUME(ValueName)), value: this.SUBRULE(value) }) },
          { ALT: () => ({ name: wordOf(this.CONSUME(FlagName)) }) },
          {
            // A flag of a set, and a text of an entry.
            ALT: () => {
              const name = wordOf(this.CONSUME(Comment));
              const text = this.OPTION(() => unquoted(this.CONSUME(Quoted)));
              return text ? { name, value: text } : { name };
            },
          },
          {
            // An option of a later ipset: whether it has a value shows in what follows.
            ALT: () => {
              const name = wordOf(this.CONSUME(AnyWord));
              const text = this.OPTION1({ GATE: isPlain, DEF: () => this.SUBRULE1(value) });
              return text ? { name, value: text } : { name };
            },
            IGNORE_AMBIGUITIES: true,
          },
        ]),
    );

    const commands = [
      { ALT: (): IpsetLine["command"] => (this.CONSUME(Create) ? "create" : "create") },
      { ALT: (): IpsetLine["command"] => (this.CONSUME(Add) ? "add" : "add") },
    ];
    this.line = this.RULE("line", (): IpsetLine => {
      const command = this.OR({ DEF: commands, ERR_MSG: "create or add" });
      const set = wordOf(this.CONSUME(AnyWord));
      const what = wordOf(this.CONSUME1(AnyWord));
      const options: IpsetOption[] = [];
      this.MANY(() => options.push(this.SUBRULE(attribute)));
      return { command, set, what, options };
    });
    this.performSelfAnalysis();
  }
}

const readIpset = lineReader(
  () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset" }),
  () => new IpsetParser(),
);

/** Reads one line. */
export function readIpsetLine(text: string): LineRead<IpsetLine> {
  const line = readIpset(text);
  const open = line.faults.find((fault) => text[fault.column - 1] === '"' && !text.includes('"', fault.column));
  if (!open) return line;
  return {
    faults: [{ message: "expected a closing quote before the end of the line", column: open.column, span: text.length - open.column + 1 }],
  };
}
