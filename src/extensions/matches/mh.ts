import { PROTOCOL } from "../../model/packet.ts";
import { parseNumber, type Range, saveRange, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { over, spanOption } from "../draw.ts";
import { packetOctets } from "../packet-octets.ts";
import { rangeWords, within } from "../ports.ts";
import { match } from "../spec.ts";
import { isLaterFragment, UNCAPTURED } from "../transport.ts";
import { withoutIdleRange, withoutWholeRange } from "../whole-range.ts";

const MAX = 255;
const HEADER = 6;
const TYPE = 2;

/** RFC 6275 section 6.1, and the abbreviations of iptables, in its order. */
const NAMES: readonly (readonly [string, number])[] = [
  ["binding-refresh-request", 0],
  ["brr", 0],
  ["home-test-init", 1],
  ["hoti", 1],
  ["careof-test-init", 2],
  ["coti", 2],
  ["home-test", 3],
  ["hot", 3],
  ["careof-test", 4],
  ["cot", 4],
  ["binding-update", 5],
  ["bu", 5],
  ["binding-acknowledgement", 6],
  ["ba", 6],
  ["binding-error", 7],
  ["be", 7],
];

/** The first name that begins so will do, unless another one is just that (libip6t_mh.c, name_to_type). */
function parseType(text: string): number | undefined {
  const lower = text.toLowerCase();
  const begun = NAMES.filter(([name]) => lower !== "" && name.startsWith(lower));
  return (begun.find(([name]) => name === lower) ?? begun[0])?.[1] ?? parseNumber(text, 0, MAX);
}

const TYPES = word<Range>(
  "a type of mobility header, or a range (a:b)",
  (text) => {
    const [first = "", second, ...rest] = text.split(":");
    if (rest.length > 0) return undefined;
    const low = first === "" && second !== undefined ? 0 : parseType(first);
    const high = second === undefined ? low : second === "" ? MAX : parseType(second);
    return low === undefined || high === undefined || low > high ? undefined : [low, high];
  },
  saveRange,
);

/** ip6t_mh.c, mh_mt6. */
const mh = match({
  name: "mh",
  families: [6],
  options: { type: { flag: "--mh-type", codec: TYPES, negatable: true } },
  canonical: (args) => ({ type: withoutWholeRange(args.type, MAX) }),
  explain: (args) =>
    says(withoutIdleRange(args.type, MAX), (value) => `mobility header of type ${rangeWords(value)}`).join("") || "mobility header",
  compile: (args) => (context) => {
    const { packet } = context;
    if (isLaterFragment(packet)) return false;
    if (packet.length - packet.headerLength < HEADER) return "hotdrop";
    const octets = packetOctets(packet);
    const next = octets[packet.headerLength];
    const type = octets[packet.headerLength + TYPE];
    if (next === undefined || type === undefined) return UNCAPTURED;
    return next === PROTOCOL["ipv6-nonxt"] ? holds(args.type, (range) => within(type, range)) : "hotdrop";
  },
  draw: (d) => (over(d, "mh") ? `-m mh${d.chance(6) ? "" : ` ${spanOption(d, "--mh-type", d.integer(0, 7), MAX)}`}` : undefined),
  doc: "Type of an IPv6 mobility header.",
  examples: [
    {
      rule: "-p mobility-header -m mh --mh-type binding-refresh-request:hoti",
      saved: "-p mobility-header -m mh --mh-type 0:1",
      says: "mobility header of type 0 to 1",
    },
    { rule: "-p mobility-header -m mh ! --mh-type 4", says: "not mobility header of type 4" },
    { rule: "-p mobility-header -m mh", says: "mobility header" },
  ],
});

export const specs = [mh];
