import { EmbeddedActionsParser, Lexer } from "chevrotain";
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

/** A line of `bridge fdb`: an Ethernet address, and what is known of it in order. */
export interface FdbLine {
  readonly mac: Word;
  readonly attributes: readonly Attribute[];
}

const VALUE_NAMES = ["dev", "dst", "vlan", "port", "vni", "src_vni", "via", "link-netnsid", "used", "master", "nhid", "proto"];
const FLAG_NAMES = ["self", "router", "extern_learn", "offload", "sticky", "locked", "added_by_user", "activity_notify", "inactive"];
const STATES = ["permanent", "static", "stale", "noarp"];

const ValueName = keywordGroup("ValueName", "an attribute");
const FlagName = keywordGroup("FlagName", "a flag or a state");

const tokens = lexingOrder([
  ...VALUE_NAMES.map((name) => keyword(name, ValueName)),
  ...[...FLAG_NAMES, ...STATES].map((name) => keyword(name, FlagName)),
]);

const messages = faultMessages("an attribute, a flag or a state (dev, master, vlan, self, permanent …)", {
  dev: "a device name",
  master: "a device name",
  vlan: "a VLAN's number",
});

class FdbParser extends EmbeddedActionsParser {
  constructor() {
    super([...tokens, ValueName, FlagName], { ...VALIDATION, maxLookahead: 1, errorMessageProvider: messages });
    this.performSelfAnalysis();
  }

  readonly line = this.RULE("line", (): FdbLine => {
    const attributes: Attribute[] = [];
    const mac = wordOf(this.CONSUME(AnyWord));
    this.AT_LEAST_ONE(() =>
      this.OR([
        { ALT: () => attributes.push({ name: wordOf(this.CONSUME(ValueName)), values: [wordOf(this.CONSUME1(AnyWord))] }) },
        { ALT: () => attributes.push({ name: wordOf(this.CONSUME(FlagName)), values: [] }) },
      ]),
    );
    return { mac, attributes };
  });
}

const read = lineReader(
  () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset", ensureOptimizations: true }),
  () => new FdbParser(),
);

/** Reads one line of `bridge fdb show`. */
export function readFdbLine(text: string): LineRead<FdbLine> {
  return read(text);
}
