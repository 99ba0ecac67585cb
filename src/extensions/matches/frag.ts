import { PROTOCOL } from "../../model/packet.ts";
import { FLAG, number, range } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { maybe, spanOption } from "../draw.ts";
import { findIpv6Header, UNSEEN_HEADER, withoutHeader } from "../ipv6-headers.ts";
import { unsignedAt } from "../packet-octets.ts";
import { rangeWords, within } from "../ports.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { withoutIdleRange, withoutWholeRange } from "../whole-range.ts";

const MAX = 0xffffffff;
const MORE = 1;
const RESERVED = 6;

const options = {
  id: { flag: "--fragid", codec: range(MAX, "a fragment's identification or a range (a:b)"), negatable: true },
  length: { flag: "--fraglen", codec: number(0, MAX), negatable: true },
  reserved: { flag: "--fragres", codec: FLAG },
  first: { flag: "--fragfirst", codec: FLAG },
  more: { flag: "--fragmore", codec: FLAG },
  last: { flag: "--fraglast", codec: FLAG },
} as const;

/** ip6t_frag.c, frag_mt6: it never looks at --fraglen, because the header has no length. */
function fragMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const found = findIpv6Header(context, PROTOCOL["ipv6-frag"]);
  if (found.kind !== "found") return withoutHeader(found);
  const { octets, at } = found;
  if (context.packet.length < at + 8) return "hotdrop";
  const field = unsignedAt(octets, at + 2, 2);
  const id = args.id ? unsignedAt(octets, at + 4, 4) : 0;
  const second = octets[at + 1];
  if (id === undefined && context.packet.drawnId) return { unknown: "the identification that the kernel draws for fragments of its own" };
  if (field === undefined || id === undefined || second === undefined) return UNSEEN_HEADER;
  if (!holds(args.id, (range) => within(id, range))) return false;
  if (args.reserved && (second !== 0 || (field & RESERVED) !== 0)) return false;
  if (args.first && field >> 3 !== 0) return false;
  return !(args.more && (field & MORE) === 0) && !(args.last && (field & MORE) !== 0);
}

const frag = match({
  name: "frag",
  families: [6],
  options,
  canonical: (args) => ({ ...args, id: withoutWholeRange(args.id, MAX) }),
  check: (args) => (args.more && args.last ? "--fragmore and --fraglast cannot both be given" : undefined),
  explain: (args) =>
    [
      "fragment header",
      ...says(withoutIdleRange(args.id, MAX), (value) => `identification ${rangeWords(value)}`),
      ...says(args.reserved, () => "reserved bits 0"),
      ...says(args.first, () => "first fragment"),
      ...says(args.more, () => "more fragments follow"),
      ...says(args.last, () => "last fragment"),
    ].join(", "),
  compile: (args) => (context) => fragMatch(args, context),
  draw: (d) => {
    const id = d.chance(3) ? ` ${spanOption(d, "--fragid", d.integer(1, 4), MAX, true)}` : "";
    const place = d.pick(["", " --fragfirst", " --fragmore", " --fraglast", " --fragfirst --fragmore", " --fragfirst --fraglast"]);
    return `-m frag${id}${maybe(d, 6, "--fraglen 8")}${maybe(d, 4, "--fragres")}${place}`;
  },
  doc: "The IPv6 fragment header; where connections are tracked, fragments are put together before a rule sees them.",
  examples: [
    {
      rule: "-m frag --fragid 5: --fragfirst",
      saved: "-m frag --fragid 5:4294967295 --fragfirst",
      says: "fragment header, identification 5 to 4294967295, first fragment",
    },
    { rule: "-m frag ! --fragid 7 --fragres --fraglast", says: "fragment header, not identification 7, reserved bits 0, last fragment" },
  ],
});

export const specs = [frag];
