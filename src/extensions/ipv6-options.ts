import type { Negatable } from "../model/rule.ts";
import { number, parseNumber, word } from "./codecs.ts";
import { says } from "./condition.ts";
import { type Draw, maybe, not } from "./draw.ts";
import { findIpv6Header, UNSEEN_HEADER, withoutHeader } from "./ipv6-headers.ts";
import { type Octets, unsignedAt } from "./packet-octets.ts";
import type { Codec, MatchResult, PacketContext } from "./spec.ts";

/** One option that is asked for; without a length any will do. */
interface Wanted {
  readonly type: number;
  readonly length?: number;
}

type WantedList = readonly Wanted[];

const MOST = 16;
const PAD1 = 0;
const ANY_LENGTH = 255;

// Only the low octet of a number counts (libip6t_hbh.c, parse_options), and length 255 is any length (ip6t_hbh.c).
function parseOption(text: string): Wanted | undefined {
  const [first = "", second, ...rest] = text.split(":");
  const type = parseNumber(first);
  const length = second === undefined ? ANY_LENGTH : parseNumber(second);
  if (type === undefined || length === undefined || rest.length > 0) return undefined;
  if (type === PAD1 && second !== undefined) return undefined;
  return (length & 255) === ANY_LENGTH ? { type: type & 255 } : { type: type & 255, length: length & 255 };
}

/** `--hbh-opts` and `--dst-opts`. */
export const OPTION_LIST: Codec<WantedList> = word(
  `up to ${MOST} options (type or type:length), separated by commas`,
  (text) => {
    const list = text.split(",").map(parseOption);
    return list.length > MOST || list.includes(undefined) ? undefined : (list as WantedList);
  },
  (list) => list.map(({ type, length }) => (length === undefined ? String(type) : `${type}:${length}`)).join(","),
);

/** `--hbh-len` and `--dst-len`. */
export const HEADER_LENGTH = number(0, 0xffffffff);

interface OptionArgs {
  readonly length?: Negatable<number> | undefined;
  readonly list?: Negatable<WantedList> | undefined;
}

/** ip6t_hbh.c, hbh_mt6: the length of a header, and the options that it begins with. */
export function matchOptions(context: PacketContext, header: number, { length, list }: OptionArgs): MatchResult {
  const found = findIpv6Header(context, header);
  if (found.kind !== "found") return withoutHeader(found);
  const { octets, at } = found;
  const field = octets[at + 1];
  if (field === undefined) return UNSEEN_HEADER;
  const size = (field + 1) * 8;
  // Kernels before 6.18 go on with the next rule, here and where other headers reach behind the packet.
  if (context.packet.length - at < size) return "hotdrop";
  if (length && (length.value === size) === length.not) return false;
  return list ? optionsFollow(octets, { at: at + 2, left: size - 2 }, list.value) : true;
}

/** An option that reaches behind the header may only be the last that is asked for. */
function optionsFollow(octets: Octets, from: { at: number; left: number }, list: WantedList): MatchResult {
  let { at, left } = from;
  for (const wanted of list) {
    if (left < 1) return false;
    const type = octets[at];
    if (type === undefined) return UNSEEN_HEADER;
    if (type !== wanted.type) return false;
    let step = 1;
    if (type !== PAD1) {
      if (left < 2) return false;
      const length = unsignedAt(octets, at + 1, 1);
      if (length === undefined) return UNSEEN_HEADER;
      if (wanted.length !== undefined && wanted.length !== length) return false;
      step = length + 2;
    }
    at += step;
    left -= step;
  }
  return true;
}

/** "hop-by-hop header, length 8 octets, options 5:2 and 0". */
export function optionsWords(name: string, { length, list }: OptionArgs): string {
  const options = says(list, (wanted) => `options ${OPTION_LIST.save(wanted)}`);
  return [`${name} header`, ...says(length, (octets) => `length ${octets} octets`), ...options].join(", ");
}

/** Both options, as traffic may have them; `flag` is their common beginning. */
export function drawOptions(d: Draw, flag: string): string {
  const one = () => (d.chance(6) ? "0" : `${d.pick([1, 1, 4, 5, 62, 201])}${d.chance(2) ? `:${d.integer(0, 6)}` : ""}`);
  const list = Array.from({ length: d.integer(1, 3) }, one).join();
  return `${d.chance(2) ? ` ${not(d)}${flag}-len ${d.pick([8, 8, 16, 24])}` : ""}${maybe(d, 2, `${flag}-opts ${list}`)}`;
}
