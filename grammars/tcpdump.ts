import { createToken, EmbeddedActionsParser, type IToken, Lexer } from "chevrotain";
import { AnyWord, faultMessages, type LineRead, lexingOrder, lineReader, VALIDATION, type Word, wordOf } from "./words.ts";

/** Source and destination, `192.0.2.1.80 > 192.0.2.2.40000:`, without the colon. */
export interface EndpointPair {
  readonly src: Word;
  readonly dst: Word;
}

/** A line of tcpdump's that begins a packet, or goes on with one. */
export interface TcpdumpLine {
  /** `--number`. */
  readonly count?: Word;
  readonly stamp?: Word;
  /** What stands before the addresses: the device, link headers, names of protocols. */
  readonly link: readonly Word[];
  /** `(tos 0x0, ttl 64, …)` or `(hlim 64, …)`, with its brackets. */
  readonly header?: Word;
  /** `truncated-ip - 46 bytes missing!` */
  readonly missing?: Word;
  readonly pair?: EndpointPair;
  /** What stands behind the addresses. */
  readonly body: readonly Word[];
}

const DayAndClock = /\d{4}-\d\d-\d\d[ T]-?\d\d:\d\d:\d\d(?:\.\d+)?/;
const Clock = /-?\d\d:\d\d:\d\d\.\d+/;
const Seconds = /-?\d+\.\d{6,}/;
const Unknown = /\[Error converting time\]/;
const Count = createToken({ name: "Count", pattern: / *\d+ {2,3}(?=\S)/, line_breaks: false, push_mode: "stamp" });
const Stamp = createToken({
  name: "Stamp",
  label: "a time",
  pattern: new RegExp(`(?:${[DayAndClock, Clock, Seconds, Unknown].map((one) => one.source).join("|")})(?!\\S)`),
  line_breaks: false,
  push_mode: "packet",
});
const STARTS = [..."([truncated-ip"];
// net print-ip.c and print-ip6.c: one level of brackets stands within the header's own.
const Header = createToken({
  name: "Header",
  label: "(tos … )",
  pattern: /\((?:tos|class|flowlabel|hlim) [^()]*(?:\([^()]*\)[^()]*)*\)/,
  start_chars_hint: STARTS,
  line_breaks: false,
});
const Missing = createToken({ name: "Missing", pattern: /truncated-ip6? - \d+ bytes missing!/, line_breaks: false });
const Pair = createToken({
  name: "Pair",
  label: "SOURCE > DESTINATION:",
  pattern: /[^ \t,>]{1,300} > [^ \t,>]{1,300}:(?!\S)/,
  start_chars_hint: AnyWord.START_CHARS_HINT ?? [],
  line_breaks: false,
  push_mode: "body",
});
const First = createToken({
  name: "First",
  pattern: /[^ \t]+/,
  categories: [AnyWord],
  start_chars_hint: AnyWord.START_CHARS_HINT ?? [],
  line_breaks: false,
  push_mode: "packet",
});

const words = lexingOrder([]);
const packet = [Header, Missing, Pair, ...words];

class TcpdumpParser extends EmbeddedActionsParser {
  readonly line: () => TcpdumpLine;

  constructor() {
    super([Count, Stamp, Header, Missing, Pair, First, ...words], {
      ...VALIDATION,
      maxLookahead: 1,
      errorMessageProvider: faultMessages("a word", {}),
    });
    const word = this.RULE("word", () => wordOf(this.CONSUME(AnyWord)));
    this.line = this.RULE("line", (): TcpdumpLine => {
      const link: Word[] = [];
      const body: Word[] = [];
      let header: Word | undefined;
      let missing: Word | undefined;
      const count = this.OPTION(() => wordOf(this.CONSUME(Count)));
      const stamp = this.OPTION1(() => wordOf(this.CONSUME(Stamp)));
      this.MANY(() =>
        this.OR([
          { ALT: () => link.push(this.SUBRULE(word)) },
          {
            ALT: () => {
              header = wordOf(this.CONSUME(Header));
            },
          },
          {
            ALT: () => {
              missing = wordOf(this.CONSUME(Missing));
            },
          },
        ]),
      );
      const pair = this.OPTION2(() => pairOf(this.CONSUME(Pair)));
      this.MANY1(() => body.push(this.SUBRULE1(word)));
      return {
        ...(count && { count }),
        ...(stamp && { stamp }),
        ...(header && { header }),
        ...(missing && { missing }),
        ...(pair && { pair }),
        link,
        body,
      };
    });
    this.performSelfAnalysis();
  }
}

function pairOf(token: IToken): EndpointPair {
  const { text, column } = wordOf(token);
  const between = text.indexOf(" > ");
  const dst = between + " > ".length;
  return { src: { text: text.slice(0, between), column }, dst: { text: text.slice(dst, -1), column: column + dst } };
}

const read = lineReader(
  () =>
    new Lexer(
      {
        modes: { line: [Count, Stamp, ...packet.slice(0, -1), First], stamp: [Stamp, ...packet.slice(0, -1), First], packet, body: words },
        defaultMode: "line",
      },
      { ...VALIDATION, positionTracking: "onlyOffset" },
    ),
  () => new TcpdumpParser(),
);

/** Reads one line of tcpdump's text. */
export function readTcpdumpLine(text: string): LineRead<TcpdumpLine> {
  return read(text);
}

/** Octets of a line of `tcpdump -x` or `-X`, and their place in the packet. */
export interface DumpLine {
  readonly offset: number;
  readonly octets: readonly number[];
}

const DUMP = /^\s+0x([0-9a-f]{4,8}): {1,2}((?:[0-9a-f]{2}(?:[0-9a-f]{2})?(?: (?! )|$| (?= )))+)/;

/** Reads `\t0x0010:  c0a8 0001 …  ..`; undefined when the line is something else. */
export function readDumpLine(text: string): DumpLine | undefined {
  const match = DUMP.exec(text);
  if (!match) return undefined;
  const digits = (match[2] ?? "").replaceAll(" ", "");
  const octets = Array.from({ length: digits.length / 2 }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
  return { offset: Number.parseInt(match[1] ?? "0", 16), octets };
}
