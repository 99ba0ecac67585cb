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

/** A line of `ip route`: a route, nexthops of the route above it, or details that do not say where packets go (`nh_info`). */
export type RouteLine =
  | {
      readonly kind: "route";
      readonly type?: Word;
      readonly destination: Word;
      readonly attributes: readonly Attribute[];
      readonly nexthops: readonly (readonly Attribute[])[];
    }
  | { readonly kind: "nexthops"; readonly nexthops: readonly (readonly Attribute[])[] }
  | { readonly kind: "details" };

const VALUE_NAMES = [
  ...["dev", "table", "proto", "protocol", "scope", "src", "metric", "preference", "nhid", "pref", "weight", "from", "uid", "iif", "oif"],
  ...["error", "mark", "expires", "ttl-propagate", "age", "users", "used", "tos", "dsfield", "realm", "realms", "ttl"],
];
const METRIC_NAMES = [
  ...["mtu", "window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss", "reordering", "hoplimit", "initcwnd", "features", "rto_min"],
  ...["initrwnd", "quickack", "congctl", "fastopen_no_cookie"],
];
const FLAG_NAMES = [
  ...["onlink", "linkdown", "dead", "pervasive", "offload", "offload_failed", "trap", "notify", "unresolved", "cache", "cloned"],
  ...["rt_offload", "rt_trap", "rt_offload_failed", "tcp_usec_ts", "redirected"],
];
const FAMILY_NAMES = ["inet", "inet6", "mpls", "link"];
const TYPE_NAMES = ["unicast", "local", "broadcast", "multicast", "anycast", "unreachable", "prohibit", "blackhole", "throw", "nat"];

const TypeWord = keywordGroup("TypeWord", "a type of route");
const ValueName = keywordGroup("ValueName", "an attribute");
const MetricName = keywordGroup("MetricName", "a metric");
const FlagName = keywordGroup("FlagName", "a flag");
const FamilyName = keywordGroup("FamilyName", "an address family");
// `ip -N route` prints types as numbers; a destination is never a bare one.
const TypeNumber = createToken({ name: "TypeNumber", pattern: /\d+(?=\s)/, categories: [TypeWord, AnyWord], longer_alt: AnyWord });
const Via = keyword("via");
const Encap = keyword("encap");
const As = keyword("as");
const To = keyword("to");
const Lock = keyword("lock");
const NexthopWord = keyword("nexthop");
const NhInfo = keyword("nh_info");

const tokens = lexingOrder([
  ...TYPE_NAMES.map((name) => keyword(name, TypeWord)),
  ...VALUE_NAMES.map((name) => keyword(name, ValueName)),
  ...METRIC_NAMES.map((name) => keyword(name, MetricName)),
  ...FLAG_NAMES.map((name) => keyword(name, FlagName)),
  ...FAMILY_NAMES.map((name) => keyword(name, FamilyName)),
  ...[Via, Encap, As, To, Lock, NexthopWord, NhInfo, TypeNumber],
]);
const groups = [TypeWord, ValueName, MetricName, FlagName, FamilyName];

const messages = faultMessages("an attribute of a route (via, dev, src, metric …)", {
  via: "an address",
  inet: "an address",
  inet6: "an address",
  dev: "a device name",
  table: "a table",
  src: "an address",
  metric: "a number",
  mtu: "a number",
  weight: "a number",
  nhid: "a number",
});

type RouteStart =
  | { readonly kind: "route"; readonly type?: Word; readonly destination: Word }
  | { readonly kind: "nexthops"; readonly first: Attribute[] }
  | { readonly kind: "details" };

class RouteParser extends EmbeddedActionsParser {
  constructor() {
    super([...tokens, ...groups], { ...VALIDATION, maxLookahead: 1, errorMessageProvider: messages });
    this.performSelfAnalysis();
  }

  // The parameters of encapsulations are not modelled: all words up to the nexthop's own ones belong to it.
  readonly encap = this.RULE("encap", (): Attribute => {
    const name = wordOf(this.CONSUME(Encap));
    const values: Word[] = [];
    this.AT_LEAST_ONE({
      GATE: () => ![Via, NexthopWord].includes(this.LA(1).tokenType) && this.LA(1).image !== "dev",
      DEF: () => values.push(wordOf(this.CONSUME(AnyWord))),
      ERR_MSG: "a type of encapsulation",
    });
    return { name, values };
  });

  readonly attribute = this.RULE("attribute", (): Attribute => {
    const values: Word[] = [];
    const value = (word: Word) => values.push(word);
    return this.OR([
      {
        ALT: () => {
          const name = wordOf(this.CONSUME(Via));
          this.OPTION(() => value(wordOf(this.CONSUME(FamilyName))));
          value(wordOf(this.CONSUME1(AnyWord)));
          return { name, values };
        },
      },
      { ALT: () => ({ name: wordOf(this.CONSUME(ValueName)), values: [wordOf(this.CONSUME2(AnyWord))] }) },
      {
        ALT: () => {
          const name = wordOf(this.CONSUME(MetricName));
          this.OPTION1(() => value(wordOf(this.CONSUME(Lock))));
          value(wordOf(this.CONSUME3(AnyWord)));
          return { name, values };
        },
      },
      {
        ALT: () => {
          const name = wordOf(this.CONSUME(As));
          this.OPTION2(() => value(wordOf(this.CONSUME(To))));
          value(wordOf(this.CONSUME4(AnyWord)));
          return { name, values };
        },
      },
      { ALT: () => ({ name: wordOf(this.CONSUME(FlagName)), values }) },
      { ALT: () => this.SUBRULE(this.encap) },
    ]);
  });

  readonly nexthop = this.RULE("nexthop", (): Attribute[] => {
    const attributes: Attribute[] = [];
    this.CONSUME(NexthopWord);
    this.MANY(() => attributes.push(this.SUBRULE(this.attribute)));
    return attributes;
  });

  readonly details = this.RULE("details", () => {
    this.CONSUME(NhInfo);
    this.MANY({ GATE: () => this.LA(1).tokenType !== NexthopWord, DEF: () => this.CONSUME(AnyWord) });
  });

  // Every keyword is a word as well; the first alternative that fits is the right one.
  readonly start = this.RULE(
    "start",
    (): RouteStart =>
      this.OR({
        IGNORE_AMBIGUITIES: true,
        DEF: [
          { ALT: () => ({ kind: "nexthops" as const, first: this.SUBRULE(this.nexthop) }) },
          {
            ALT: () => {
              this.SUBRULE(this.details);
              return { kind: "details" as const };
            },
          },
          {
            ALT: () => {
              const type = wordOf(this.CONSUME(TypeWord));
              return { kind: "route" as const, type, destination: wordOf(this.CONSUME1(AnyWord)) };
            },
          },
          { ALT: () => ({ kind: "route" as const, destination: wordOf(this.CONSUME2(AnyWord)) }) },
        ],
        ERR_MSG: "a destination",
      }),
  );

  readonly line = this.RULE("line", (): RouteLine => {
    const attributes: Attribute[] = [];
    const nexthops: Attribute[][] = [];
    const start = this.SUBRULE(this.start);
    this.MANY(() => attributes.push(this.SUBRULE(this.attribute)));
    this.OPTION(() => this.SUBRULE1(this.details));
    this.MANY1(() => nexthops.push(this.SUBRULE1(this.nexthop)));
    if (start?.kind === "route") return { ...start, attributes, nexthops };
    return start?.kind === "nexthops" ? { kind: "nexthops", nexthops: [start.first, ...nexthops] } : { kind: "details" };
  });
}

const read = lineReader(
  () => new Lexer(tokens, { ...VALIDATION, positionTracking: "onlyOffset", ensureOptimizations: true }),
  () => new RouteParser(),
);

const TYPES: ReadonlySet<string> = new Set(TYPE_NAMES);
const VALUED: ReadonlySet<string> = new Set(["via", ...VALUE_NAMES]);
const FLAGS: ReadonlySet<string> = new Set(FLAG_NAMES);

// As most routes are: `local 10.0.0.1 dev eth0 table local`.
function readPlain(text: string): RouteLine | undefined {
  const words = wordsOf(text);
  const [first, second] = words;
  if (!first || first.text === "nexthop" || first.text === "nh_info" || /^\d+$/.test(first.text)) return undefined;
  const type = TYPES.has(first.text) ? first : undefined;
  const destination = type ? second : first;
  const attributes = destination && plainAttributes(words, type ? 2 : 1, VALUED, FLAGS);
  if (!attributes || attributes.some(({ name, values }) => name.text === "via" && FAMILY_NAMES.includes(values[0]?.text ?? "")))
    return undefined;
  return { kind: "route", ...(type && { type }), destination, attributes, nexthops: [] };
}

/** Reads one line of `ip route show`; with `-o` a route and its nexthops are one line. `grammarOnly` spares no line the grammar, which says the same. */
export function readRouteLine(text: string, grammarOnly = false): LineRead<RouteLine> {
  const value = grammarOnly ? undefined : readPlain(text);
  return value ? { value, faults: [] } : read(text);
}
