import { createToken, EmbeddedActionsParser, Lexer } from "chevrotain";
import { plainAttributes, wordsOf } from "./plain-attributes.ts";
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

/** A line of `ip rule`: its priority, whether it begins with `not`, and its selectors and action in order. */
export interface RuleLine {
  readonly priority: Word;
  readonly not: boolean;
  readonly attributes: readonly Attribute[];
}

const VALUE_NAMES = [
  ...["from", "to", "fwmark", "iif", "dev", "oif", "tos", "dsfield", "ipproto", "sport", "dport", "uidrange", "lookup", "table", "goto"],
  ...["suppress_prefixlength", "suppress_ifgroup", "realms", "realm", "proto", "protocol", "tun_id", "dscp", "flowlabel", "map-to"],
];
const FLAG_NAMES = ["nop", "unreachable", "prohibit", "blackhole", "masquerade", "l3mdev", "[detached]", "[unresolved]"];

const ValueName = keywordGroup("ValueName", "a selector");
const FlagName = keywordGroup("FlagName", "an action");
const Priority = createToken({ name: "Priority", pattern: /\d+:(?!\S)/, label: "a priority and a colon (32766:)", longer_alt: AnyWord });
const Not = keyword("not");

const tokens = lexingOrder([
  Priority,
  Not,
  ...VALUE_NAMES.map((name) => keyword(name, ValueName)),
  ...FLAG_NAMES.map((name) => keyword(name, FlagName)),
]);

const messages = faultMessages("a selector or an action (from, to, fwmark, iif, lookup, goto …)", {
  from: 'an address, a prefix or "all"',
  to: 'an address, a prefix or "all"',
  fwmark: "a mark",
  iif: "a device name",
  oif: "a device name",
  lookup: "a table",
  table: "a table",
  goto: "a priority",
});

class RuleParser extends EmbeddedActionsParser {
  constructor() {
    super([...tokens, ValueName, FlagName], { ...VALIDATION, maxLookahead: 1, errorMessageProvider: messages });
    this.performSelfAnalysis();
  }

  readonly attribute = this.RULE(
    "attribute",
    (): Attribute =>
      this.OR([
        { ALT: () => ({ name: wordOf(this.CONSUME(ValueName)), values: [wordOf(this.CONSUME(AnyWord))] }) },
        { ALT: () => ({ name: wordOf(this.CONSUME(FlagName)), values: [] }) },
      ]),
  );

  readonly line = this.RULE("line", (): RuleLine => {
    const attributes: Attribute[] = [];
    let not = false;
    const priority = wordOf(this.CONSUME(Priority));
    this.OPTION(() => {
      this.CONSUME(Not);
      not = true;
    });
    this.AT_LEAST_ONE(() => attributes.push(this.SUBRULE(this.attribute)));
    return { priority, not, attributes };
  });
}

const read = lineReader(
  () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset", ensureOptimizations: true }),
  () => new RuleParser(),
);

const VALUED: ReadonlySet<string> = new Set(VALUE_NAMES);
const FLAGS: ReadonlySet<string> = new Set(FLAG_NAMES);
const PRIORITY = /^\d+:$/;

// As most rules are: `0: from all lookup local`.
function readPlain(text: string): RuleLine | undefined {
  const words = wordsOf(text);
  const [priority, next] = words;
  // Only the first word may look like a priority.
  if (!priority || !PRIORITY.test(priority.text) || words.some((word, i) => i > 0 && PRIORITY.test(word.text))) return undefined;
  const not = next?.text === "not";
  const attributes = plainAttributes(words, not ? 2 : 1, VALUED, FLAGS);
  return attributes && attributes.length > 0 ? { priority, not, attributes } : undefined;
}

/** Reads one line of `ip rule show`. `grammarOnly` spares no line the grammar, which says the same. */
export function readRuleLine(text: string, grammarOnly = false): LineRead<RuleLine> {
  const value = grammarOnly ? undefined : readPlain(text);
  return value ? { value, faults: [] } : read(text);
}
