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

/** An `inet` or `inet6` line; words that are not options are flags, and the last one may be a label. */
export interface AddressLine {
  readonly kind: "address";
  readonly family: Word;
  readonly address: Word;
  readonly attributes: readonly Attribute[];
}

/** A line of `ip link` or `ip addr`. */
export type LinkLine =
  | {
      readonly kind: "header";
      readonly index: Word;
      /** With `@LOWER` and the colon. */
      readonly name: Word;
      readonly flags?: Word;
      readonly attributes: readonly Attribute[];
      /** `ip -o addr` has the address on the same line. */
      readonly address?: AddressLine;
    }
  | { readonly kind: "link"; readonly type: Word; readonly attributes: readonly Attribute[] }
  | AddressLine
  /** `-d`: the kind of the device, or of what it is a port of, and its settings. */
  | { readonly kind: "details"; readonly name: Word; readonly words: readonly Word[] }
  /** Lifetimes, statistics, other names. */
  | { readonly kind: "other" };

const VALUE_NAMES = [
  ...["mtu", "qdisc", "master", "state", "mode", "group", "qlen", "brd", "peer", "scope", "link-netns", "link-netnsid", "permaddr"],
  ...["promiscuity", "metric", "priority", "cost"],
];
const OTHER_NAMES = ["valid_lft", "altname", "alias", "vf", "RX", "RX:", "TX", "TX:"];

const ValueName = keywordGroup("ValueName", "an attribute");
const OtherName = keywordGroup("OtherName", "statistics or lifetimes");
const InetName = keywordGroup("InetName", "inet or inet6");
const Index = createToken({
  name: "Index",
  pattern: /\d+:(?!\S)/,
  categories: [AnyWord],
  label: "an index and a colon (2:)",
  longer_alt: AnyWord,
});
const Count = createToken({ name: "Count", pattern: /\d+(?!\S)/, categories: [OtherName, AnyWord], longer_alt: AnyWord });
const Flags = createToken({
  name: "Flags",
  pattern: /<[^>\s]*>(?!\S)/,
  categories: [AnyWord],
  label: "flags (<UP,…>)",
  longer_alt: AnyWord,
});
const LinkType = createToken({ name: "LinkType", pattern: /link\/\S+/, categories: [AnyWord], label: "link/TYPE" });

const tokens = lexingOrder([
  ...[Index, Count, Flags, LinkType],
  ...VALUE_NAMES.map((name) => keyword(name, ValueName)),
  ...OTHER_NAMES.map((name) => keyword(name, OtherName)),
  ...["inet", "inet6"].map((name) => keyword(name, InetName)),
]);

const messages = faultMessages("an attribute of a device", {
  inet: "an address",
  inet6: "an address",
  mtu: "a number",
  master: "a device name",
  peer: "an address",
  scope: "a scope",
});

class LinkParser extends EmbeddedActionsParser {
  constructor() {
    super([...tokens, ValueName, OtherName, InetName], { ...VALIDATION, maxLookahead: 1, errorMessageProvider: messages });
    this.performSelfAnalysis();
  }

  readonly attribute = this.RULE(
    "attribute",
    (): Attribute =>
      this.OR({
        IGNORE_AMBIGUITIES: true,
        DEF: [
          { ALT: () => ({ name: wordOf(this.CONSUME(ValueName)), values: [wordOf(this.CONSUME1(AnyWord))] }) },
          { ALT: () => ({ name: wordOf(this.CONSUME2(AnyWord)), values: [] }) },
        ],
      }),
  );

  readonly attributes = this.RULE("attributes", (): Attribute[] => {
    const attributes: Attribute[] = [];
    this.MANY(() => attributes.push(this.SUBRULE(this.attribute)));
    return attributes;
  });

  readonly address = this.RULE("address", (): AddressLine => {
    const family = wordOf(this.CONSUME(InetName));
    const address = wordOf(this.CONSUME(AnyWord));
    return { kind: "address", family, address, attributes: this.SUBRULE(this.attributes) };
  });

  readonly header = this.RULE("header", (): LinkLine => {
    const index = wordOf(this.CONSUME(Index));
    const name = wordOf(this.CONSUME(AnyWord));
    return this.OR({
      DEF: [
        {
          ALT: (): LinkLine => {
            const flags = wordOf(this.CONSUME(Flags));
            return { kind: "header", index, name, flags, attributes: this.SUBRULE(this.attributes) };
          },
        },
        { ALT: (): LinkLine => ({ kind: "header", index, name, attributes: [], address: this.SUBRULE(this.address) }) },
      ],
      ERR_MSG: "flags (<UP,…>) after the name of the device",
    });
  });

  readonly words = this.RULE("words", (): Word[] => {
    const words: Word[] = [];
    this.MANY(() => words.push(wordOf(this.CONSUME(AnyWord))));
    return words;
  });

  readonly line = this.RULE(
    "line",
    (): LinkLine =>
      this.OR({
        // Every keyword is a word as well; the first alternative that fits is the right one.
        IGNORE_AMBIGUITIES: true,
        DEF: [
          { ALT: () => this.SUBRULE(this.header) },
          {
            ALT: (): LinkLine => {
              const type = wordOf(this.CONSUME(LinkType));
              return { kind: "link", type, attributes: this.SUBRULE1(this.attributes) };
            },
          },
          { ALT: () => this.SUBRULE(this.address) },
          {
            ALT: (): LinkLine => {
              this.CONSUME(OtherName);
              this.SUBRULE1(this.words);
              return { kind: "other" };
            },
          },
          {
            ALT: (): LinkLine => {
              const name = wordOf(this.CONSUME(AnyWord));
              return { kind: "details", name, words: this.SUBRULE2(this.words) };
            },
          },
        ],
        ERR_MSG: "a device (2: eth0: <UP,…>), link/TYPE, inet or inet6",
      }),
  );
}

const read = lineReader(
  () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset", ensureOptimizations: true }),
  () => new LinkParser(),
);

/** Reads one line of `ip link` or `ip addr`. */
export function readLinkLine(text: string): LineRead<LinkLine> {
  return read(text);
}
