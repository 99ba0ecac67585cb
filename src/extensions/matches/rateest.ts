import { factWords, unlessAssumed } from "../assumption.ts";
import { FLAG, parseNumber, word } from "../codecs.ts";
import { type Args, type Codec, match } from "../spec.ts";

const COMPARISONS = ["lt", "gt", "eq"] as const;
const COMPARISON_WORDS = { lt: "below", gt: "above", eq: "equal to" } as const;

/** Bits per second of a unit; "bps" is octets (libxt_rateest.c, rateest_suffixes). */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["bit", 1],
  ["bps", 8],
  ...["k", "m", "g", "t"].flatMap((prefix, i): [string, number][] => [
    [`${prefix}bit`, 1000 ** (i + 1)],
    [`${prefix}bps`, 8 * 1000 ** (i + 1)],
    [`${prefix}ibit`, 1024 ** (i + 1)],
    [`${prefix}ibps`, 8 * 1024 ** (i + 1)],
  ]),
]);

/** Octets per second. */
function parseRate(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  const unit = UNITS.get(found?.[2]?.toLowerCase() ?? "?");
  const octets = unit === undefined ? undefined : Math.floor((Number(found?.[1]) * unit) / 8);
  return octets === undefined || octets > 0xffffffff ? undefined : octets;
}

function rateText(octets: number): string {
  const bits = octets * 8;
  if (bits >= 1e9) return `${(bits / 1e6).toFixed(0)}Mbit`;
  return bits >= 1e6 ? `${(bits / 1e3).toFixed(0)}Kbit` : `${bits}bit`;
}

/** A number that may be left out, where two estimators are held against each other. */
interface Maybe {
  readonly number?: number;
}

function maybe(expected: string, parse: (text: string) => number | undefined, save: (number: number) => string): Codec<Maybe> {
  return {
    words: 1,
    optional: true,
    expected,
    parse: ([text]) => {
      const number = text === undefined ? undefined : parse(text);
      return number === undefined ? (text === undefined ? {} : undefined) : { number };
    },
    save: ({ number }) => (number === undefined ? "" : save(number)),
  };
}

const BITS = maybe("a rate like 8bit, 5kbit or 1mbps", parseRate, rateText);
const PACKETS = maybe("a number of packets per second", (text) => parseNumber(text), String);
const NAME = word("the name of a rate estimator", (text) => (text === "" ? undefined : text.slice(0, 15)), String);

const options = {
  delta: { flag: "--rateest-delta", codec: FLAG },
  first: { flag: "--rateest", aliases: ["--rateest1"], codec: NAME, required: true },
  bps1: { flag: "--rateest-bps1", codec: BITS },
  pps1: { flag: "--rateest-pps1", codec: PACKETS },
  lt: { flag: "--rateest-lt", codec: FLAG, negatable: true },
  gt: { flag: "--rateest-gt", codec: FLAG, negatable: true },
  eq: { flag: "--rateest-eq", codec: FLAG, negatable: true },
  bps: { flag: "--rateest-bps", codec: BITS },
  pps: { flag: "--rateest-pps", codec: PACKETS },
  bps2: { flag: "--rateest-bps2", codec: BITS },
  pps2: { flag: "--rateest-pps2", codec: PACKETS },
  second: { flag: "--rateest2", codec: NAME },
} as const;

type RateestArgs = Args<typeof options>;

function comparisonOf(args: RateestArgs): (typeof COMPARISONS)[number] {
  return COMPARISONS.find((name) => args[name]) ?? "eq";
}

/** Its words: the comparison stands before each thing that is compared (libxt_rateest.c, rateest_save). */
function printed(args: RateestArgs) {
  const words: { flag: string; value: string; not: boolean }[] = [];
  const add = (flag: string, value = "", not = false) => words.push({ flag, value, not });
  const comparison = comparisonOf(args);
  if (args.delta) add("--rateest-delta");
  add(args.second ? "--rateest1" : "--rateest", args.first?.value);
  for (const what of ["bps", "pps"] as const) {
    const [plain, first, second] = [args[what], args[`${what}1`], args[`${what}2`]];
    if (!plain && !first && !second) continue;
    const text = (number: number | undefined) => options[what].codec.save({ number: number ?? 0 });
    if (args.delta) add(`--rateest-${what}1`, text(first?.value.number));
    add(`--rateest-${comparison}`, "", args[comparison]?.not);
    const limit = second?.value.number ?? plain?.value.number;
    add(`--rateest-${what}${args.delta ? "2" : ""}`, args.second && !args.delta ? "" : text(limit));
  }
  if (args.second) add("--rateest2", args.second.value);
  return words;
}

function words(args: RateestArgs): string {
  const comparison = comparisonOf(args);
  const limits = printed(args).filter(({ flag }) => /-[bp]ps2?$/.test(flag));
  const limit = args.second
    ? `that of ${args.second.value}`
    : limits.map(({ flag, value }) => `${value}${flag.includes("pps") ? " packets" : ""} per second`).join(" and ");
  return `rate of ${args.first?.value} ${args[comparison]?.not ? "not " : ""}${COMPARISON_WORDS[comparison]} ${limit}`;
}

/** xt_rateest.c, xt_rateest_mt. */
const rateest = match({
  name: "rateest",
  options,
  check: (args) => {
    if (COMPARISONS.filter((name) => args[name]).length !== 1)
      return "rateest needs exactly one of --rateest-lt, --rateest-gt, --rateest-eq";
    const compared = [args.bps, args.pps, args.bps1, args.pps1, args.bps2, args.pps2].some((option) => option);
    return compared ? undefined : "rateest needs a rate: --rateest-bps or --rateest-pps";
  },
  printed,
  explain: words,
  fickle: () => true,
  compile: () => (context) => unlessAssumed(context, "rateest", (value) => value === "match"),
  // The estimator has to be there before the rule is.
  draw: () => undefined,
  forks: factWords("rateest"),
  doc: "What a rate estimator (-j RATEEST) has measured, held against a rate or another estimator; what it had measured before is not known.",
  examples: [
    {
      rule: "-m rateest --rateest-lt --rateest RE1 --rateest-bps 5kbit",
      saved: "-m rateest --rateest RE1 --rateest-lt --rateest-bps 5000bit",
      says: "rate of RE1 below 5000bit per second",
    },
    { rule: "-m rateest --rateest1 RE1 ! --rateest-gt --rateest-pps --rateest2 RE2", says: "rate of RE1 not above that of RE2" },
    {
      rule: "-m rateest --rateest-delta --rateest RE1 --rateest-pps1 8 --rateest-eq --rateest-pps2 9",
      says: "rate of RE1 equal to 9 packets per second",
    },
  ],
});

export const specs = [rateest];
