import { createToken, EmbeddedActionsParser, Lexer } from "chevrotain";
import {
  AnyWord,
  type Attribute,
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

/** A line of `ip neigh`: an address, and what is known of it in order. */
export interface NeighbourLine {
  readonly address: Word;
  readonly attributes: readonly Attribute[];
  readonly states: readonly Word[];
}

const VALUE_NAMES = ["dev", "lladdr", "ref", "probes", "proto", "protocol", "vni", "nhid", "via"];
const FLAG_NAMES = ["router", "proxy", "extern_learn", "extern_valid", "offload", "managed", "sticky"];
const STATES = ["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT", "NONE"];

const ValueName = keywordGroup("ValueName", "an attribute");
const FlagName = keywordGroup("FlagName", "a flag");
const State = keywordGroup("State", "a state");
const Used = keyword("used");
// ipneigh.c, print_neigh prints "used 0/63/0probes 4", without the blank.
const Times = createToken({ name: "Times", pattern: /[\d/]+probes(?!\S)/, label: "times" });

const tokens = lexingOrder([
  Times,
  Used,
  ...VALUE_NAMES.map((name) => keyword(name, ValueName)),
  ...FLAG_NAMES.map((name) => keyword(name, FlagName)),
  ...STATES.map((name) => keyword(name, State)),
]);

const messages = faultMessages("an attribute or a state (dev, lladdr, REACHABLE, STALE …)", {
  dev: "a device name",
  lladdr: "an Ethernet address",
});

class NeighbourParser extends EmbeddedActionsParser {
  constructor() {
    super([...tokens, ValueName, FlagName, State], { ...VALIDATION, maxLookahead: 1, errorMessageProvider: messages });
    this.performSelfAnalysis();
  }

  readonly used = this.RULE("used", () => {
    this.CONSUME(Used);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(Times);
          this.CONSUME1(AnyWord);
        },
      },
      { ALT: () => this.CONSUME2(AnyWord) },
    ]);
  });

  readonly line = this.RULE("line", (): NeighbourLine => {
    const attributes: Attribute[] = [];
    const states: Word[] = [];
    const address = wordOf(this.CONSUME(AnyWord));
    this.AT_LEAST_ONE(() =>
      this.OR([
        { ALT: () => attributes.push({ name: wordOf(this.CONSUME(ValueName)), values: [wordOf(this.CONSUME1(AnyWord))] }) },
        { ALT: () => attributes.push({ name: wordOf(this.CONSUME(FlagName)), values: [] }) },
        { ALT: () => states.push(wordOf(this.CONSUME(State))) },
        { ALT: () => this.SUBRULE(this.used) },
      ]),
    );
    return { address, attributes, states };
  });
}

const read = lineReader(
  () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset", ensureOptimizations: true }),
  () => new NeighbourParser(),
);

/** Reads one line of `ip neigh show`, with `-s` or without. */
export function readNeighbourLine(text: string): LineRead<NeighbourLine> {
  return read(text);
}
