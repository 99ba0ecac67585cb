import { type AddressMask, formatAddress, inMask, maskLength } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import type { Negatable } from "../../model/rule.ts";
import { number, parseAddressMask, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { type Draw, not, some } from "../draw.ts";
import { addressAt, findIpv6Header, UNSEEN_HEADER, withoutHeader } from "../ipv6-headers.ts";
import { unsignedAt } from "../packet-octets.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const OCTET = number(0, 255);
const SEGMENT_ROUTING = 4;
const FIXED = 8;
const ADDRESS = 16;

const PREFIX = word<AddressMask>(
  "an IPv6 address, or address/length",
  (text) => {
    const found = parseAddressMask(text);
    return typeof found?.address === "bigint" ? found : undefined;
  },
  ({ address, mask }) => `${formatAddress(address)}/${maskLength(mask) ?? formatAddress(mask)}`,
);

const octet = (flag: string) => ({ flag, codec: OCTET, negatable: true });
const prefix = (flag: string) => ({ flag, codec: PREFIX, negatable: true });

const options = {
  next: octet("--srh-next-hdr"),
  lengthEq: octet("--srh-hdr-len-eq"),
  lengthGt: octet("--srh-hdr-len-gt"),
  lengthLt: octet("--srh-hdr-len-lt"),
  leftEq: octet("--srh-segs-left-eq"),
  leftGt: octet("--srh-segs-left-gt"),
  leftLt: octet("--srh-segs-left-lt"),
  lastEq: octet("--srh-last-entry-eq"),
  lastGt: octet("--srh-last-entry-gt"),
  lastLt: octet("--srh-last-entry-lt"),
  tag: { flag: "--srh-tag", codec: number(0, 65_535), negatable: true },
  previous: prefix("--srh-psid"),
  following: prefix("--srh-nsid"),
  final: prefix("--srh-lsid"),
} as const;

type SrhArgs = Args<typeof options>;
type Key = keyof typeof options;

/** Comparisons of one field share one value, and the last that is written sets it (libip6t_srh.c). */
function canonical(args: SrhArgs): SrhArgs {
  const shared: Partial<Record<Key, Negatable<unknown>>> = {};
  for (const field of ["length", "left", "last"]) {
    const given = (Object.keys(args) as Key[]).filter((key) => key.startsWith(field) && args[key]);
    const value = args[given.at(-1) as Key]?.value;
    for (const key of given) shared[key] = { value, not: args[key]?.not === true };
  }
  return { ...args, ...shared } as SrhArgs;
}

/** ip6t_srh.c, srh1_mt6; a header that is cut off is no reason to drop. */
function srhMatch(args: SrhArgs, context: PacketContext): MatchResult {
  const found = findIpv6Header(context, PROTOCOL["ipv6-route"]);
  if (found.kind !== "found") return withoutHeader(found, false);
  const { octets, at } = found;
  const { length: total } = context.packet;
  if (total < at + FIXED) return false;
  const [next, length, type, left, last] = octets.slice(at, at + 5);
  const field = unsignedAt(octets, at + 6, 2);
  if (next === undefined || length === undefined || left === undefined || last === undefined || field === undefined) return UNSEEN_HEADER;
  // Nobody brings the tag into the order of the network (libip6t_srh.c, ip6t_srh.c): this is what a little-endian machine compares.
  const tag = ((field & 255) << 8) | (field >> 8);
  if (total - at < (length + 1) * 8 || type !== SEGMENT_ROUTING || left > last) return false;
  const compare = (value: number, eq: Negatable<number> | undefined, gt: typeof eq, lt: typeof eq) =>
    holds(eq, (n) => value === n) && holds(gt, (n) => value > n) && holds(lt, (n) => value < n);
  if (!holds(args.next, (n) => next === n) || !compare(length, args.lengthEq, args.lengthGt, args.lengthLt)) return false;
  if (!compare(left, args.leftEq, args.leftGt, args.leftLt) || !compare(last, args.lastEq, args.lastGt, args.lastLt)) return false;
  if (!holds(args.tag, (n) => tag === n)) return false;
  const segment = (index: number) => addressAt(octets, at + FIXED + index * ADDRESS, total);
  if (args.previous && left === last) return false;
  if (args.following && left === 0) return false;
  const wanted = [
    [args.previous, left + 1],
    [args.following, left - 1],
    [args.final, 0],
  ] as const;
  for (const [option, index] of wanted) {
    if (!option) continue;
    const address = segment(index);
    if (typeof address !== "bigint") return address === "cut" ? false : UNSEEN_HEADER;
    if (inMask(address, option.value.address, option.value.mask) === option.not) return false;
  }
  return true;
}

function drawSrh(d: Draw): string {
  const one = (field: string, value: number) => `${not(d)}--srh-${field}-${d.pick(["eq", "gt", "lt"])} ${value}`;
  const segment = (name: string) => `${not(d)}--srh-${name} ${d.chance(3) ? d.network("dst") : `${d.address("dst")}/128`}`;
  const fields = [
    `${not(d)}--srh-next-hdr ${d.pick([6, 17, 44, 58, 59, 60])}`,
    one("hdr-len", d.pick([0, 2, 4, 6])),
    one("segs-left", d.integer(0, 3)),
    one("last-entry", d.integer(0, 3)),
    `${not(d)}--srh-tag ${d.pick([0, 1, 256])}`,
    segment("psid"),
    segment("nsid"),
    segment("lsid"),
  ];
  return d.chance(8) ? "-m srh" : `-m srh ${some(d, fields)}`;
}

const COMPARED = { Eq: "", Gt: "above ", Lt: "below " } as const;

function compared(args: SrhArgs, field: "length" | "left" | "last", name: string): readonly string[] {
  return (["Eq", "Gt", "Lt"] as const).flatMap((how) => says(args[`${field}${how}`], (value) => `${name} ${COMPARED[how]}${value}`));
}

const srh = match({
  name: "srh",
  families: [6],
  options,
  canonical,
  explain: (given) => {
    const args = canonical(given);
    return [
      "segment routing header",
      ...says(args.next, (value) => `next header ${value}`),
      ...compared(args, "length", "length field"),
      ...compared(args, "left", "segments left"),
      ...compared(args, "last", "last entry"),
      ...says(args.tag, (value) => `tag ${value}`),
      ...says(args.previous, (value) => `previous segment ${PREFIX.save(value)}`),
      ...says(args.following, (value) => `next segment ${PREFIX.save(value)}`),
      ...says(args.final, (value) => `last segment ${PREFIX.save(value)}`),
    ].join(", ");
  },
  compile: (given) => {
    const args = canonical(given);
    return (context) => srhMatch(args, context);
  },
  draw: drawSrh,
  doc: "The IPv6 segment routing header: its fields and segments.",
  examples: [
    {
      rule: "-m srh ! --srh-next-hdr 17 --srh-segs-left-gt 1 --srh-tag 0x10",
      saved: "-m srh ! --srh-next-hdr 17 --srh-segs-left-gt 1 --srh-tag 16",
      says: "segment routing header, not next header 17, segments left above 1, tag 16",
    },
    {
      rule: "-m srh --srh-psid 2001:db8::1 ! --srh-lsid 2001:db8::/32",
      saved: "-m srh --srh-psid 2001:db8::1/128 ! --srh-lsid 2001:db8::/32",
      says: "segment routing header, previous segment 2001:db8::1/128, not last segment 2001:db8::/32",
    },
    {
      rule: "-m srh --srh-hdr-len-eq 3 ! --srh-hdr-len-gt 4",
      saved: "-m srh --srh-hdr-len-eq 4 ! --srh-hdr-len-gt 4",
      says: "segment routing header, length field 4, not length field above 4",
    },
  ],
});

export const specs = [srh];
