import { type Address, familyOf, formatAddress } from "../../model/address.ts";
import type { Negatable } from "../../model/rule.ts";
import { parseAddressOf, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not, some } from "../draw.ts";
import { ranges } from "../space.ts";
import { match } from "../spec.ts";

type Span = readonly [Address, Address];

const SPAN = word<Span>(
  "an address or a range (a-b)",
  (text, family) => {
    const [first = "", second, ...rest] = text.split("-");
    const low = parseAddressOf(first, family);
    const high = second === undefined ? low : parseAddressOf(second, family);
    if (rest.length > 0 || low === undefined || high === undefined || familyOf(low) !== familyOf(high)) return undefined;
    return [low, high];
  },
  (span) => span.map(formatAddress).join("-"),
);

function between(address: Address, [low, high]: Span): boolean {
  return familyOf(address) === familyOf(low) && address >= low && address <= high;
}

function words([low, high]: Span): string {
  return low === high ? formatAddress(low) : `${formatAddress(low)} to ${formatAddress(high)}`;
}

/** The addresses that a range takes, or, negated, leaves. */
function outside({ value: [low, high], not }: Negatable<Span>): readonly Span[] {
  if (!not) return [[low, high]];
  if (typeof low === "number" || typeof high === "number") return ranges({ value: [[Number(low), Number(high)]], not }, 0xffffffff);
  const last = (1n << 128n) - 1n;
  return [...(low > 0n ? [[0n, low - 1n] as const] : []), ...(high < last ? [[high + 1n, last] as const] : [])];
}

/** xt_iprange.c, iprange_mt4 and iprange_mt6. */
const iprange = match({
  name: "iprange",
  options: {
    src: { flag: "--src-range", codec: SPAN, negatable: true },
    dst: { flag: "--dst-range", codec: SPAN, negatable: true },
  },
  check: (args) => (args.src || args.dst ? undefined : "iprange needs --src-range or --dst-range"),
  explain: (args) =>
    [...says(args.src, (span) => `source ${words(span)}`), ...says(args.dst, (span) => `destination ${words(span)}`)].join(", "),
  reads: () => "nothing",
  compile:
    (args) =>
    ({ packet }) =>
      holds(args.src, (span) => between(packet.src, span)) && holds(args.dst, (span) => between(packet.dst, span)),
  space: ({ src, dst }) => ({ ...(src && { src: outside(src) }), ...(dst && { dst: outside(dst) }), exact: true }),
  draw: (d) => {
    const of = (side: "src" | "dst") => (d.chance(6) ? Array(2).fill(d.address(side)) : d.range(side)).join("-");
    return `-m iprange ${some(d, [`${not(d)}--src-range ${of("src")}`, `${not(d)}--dst-range ${of("dst")}`])}`;
  },
  doc: "Source or destination address within a range.",
  examples: [
    { rule: "-m iprange --src-range 10.0.0.1-10.0.0.9", says: "source 10.0.0.1 to 10.0.0.9" },
    {
      rule: "-m iprange ! --src-range 10.0.0.1 --dst-range 10.0.0.1-10.0.0.2",
      saved: "-m iprange ! --src-range 10.0.0.1-10.0.0.1 --dst-range 10.0.0.1-10.0.0.2",
      says: "not source 10.0.0.1, destination 10.0.0.1 to 10.0.0.2",
    },
  ],
});

export const specs = [iprange];
