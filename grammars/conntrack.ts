import { createToken, EmbeddedActionsParser, type IToken, Lexer } from "chevrotain";
import { AnyWord, faultMessages, type LineRead, lexingOrder, lineReader, VALIDATION, type Word, wordOf } from "./words.ts";

/** `src=10.0.0.1`. */
export interface ConntrackPair {
  readonly key: Word;
  readonly value: Word;
}

/** A connection as `conntrack -L` and /proc/net/nf_conntrack print it: words, then pairs in the order in which they stand, and `[FLAGS]`. */
export interface ConntrackEntry {
  readonly header: readonly Word[];
  readonly pairs: readonly ConntrackPair[];
  readonly flags: readonly Word[];
}

const Flag = createToken({ name: "Flag", label: "[FLAG]", pattern: /\[[A-Z_]+\](?!\S)/, line_breaks: false });
const Pair = createToken({ name: "Pair", label: "key=value", pattern: /[a-z][a-z_-]*=\S*/, line_breaks: false });

const tokens = lexingOrder([Flag, Pair]);

function pairOf(token: IToken): ConntrackPair {
  const { text, column } = wordOf(token);
  const equals = text.indexOf("=");
  // /proc/net/nf_conntrack puts a comma behind the first timeout of GRE.
  const value = text.slice(equals + 1).replace(/,$/, "");
  return { key: { text: text.slice(0, equals), column }, value: { text: value, column: column + equals + 1 } };
}

class ConntrackParser extends EmbeddedActionsParser {
  readonly line: () => ConntrackEntry;

  constructor() {
    super(tokens, { ...VALIDATION, maxLookahead: 1, errorMessageProvider: faultMessages("key=value or [FLAG]", {}) });
    this.line = this.RULE("line", (): ConntrackEntry => {
      const header: Word[] = [];
      const pairs: ConntrackPair[] = [];
      const flags: Word[] = [];
      this.AT_LEAST_ONE({
        DEF: () => header.push(wordOf(this.CONSUME(AnyWord))),
        ERR_MSG: "a protocol (tcp 6 431999 ESTABLISHED src=...)",
      });
      this.MANY(() =>
        this.OR([{ ALT: () => pairs.push(pairOf(this.CONSUME(Pair))) }, { ALT: () => flags.push(wordOf(this.CONSUME(Flag))) }]),
      );
      return { header, pairs, flags };
    });
    this.performSelfAnalysis();
  }
}

const read = lineReader(
  () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset" }),
  () => new ConntrackParser(),
);

/** Reads one line. */
export function readConntrackLine(text: string): LineRead<ConntrackEntry> {
  return read(text);
}
