import { type Address, formatAddress, parseAddress } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import { FLAG, number, range, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { type Draw, maybe, not, spanOption } from "../draw.ts";
import { addressAt, findIpv6Header, type Ipv6Header, UNSEEN_HEADER, withoutHeader } from "../ipv6-headers.ts";
import { isAfter } from "../last-given.ts";
import { unsignedAt } from "../packet-octets.ts";
import { rangeWords, within } from "../ports.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { withoutIdleRange, withoutWholeRange } from "../whole-range.ts";

const MAX = 0xffffffff;
const MOST = 16;
const FIXED = 8;
const ADDRESS = 16;

const ADDRESSES = word<readonly Address[]>(
  `up to ${MOST} IPv6 addresses, separated by commas`,
  (text) => {
    const list = text.split(",").map(parseAddress);
    return list.length > MOST || list.some((address) => typeof address !== "bigint") ? undefined : (list as Address[]);
  },
  (list) => list.map(formatAddress).join(","),
);

const options = {
  type: { flag: "--rt-type", codec: number(0, MAX), negatable: true },
  left: { flag: "--rt-segsleft", codec: range(MAX, "a number of segments or a range (a:b)"), negatable: true },
  length: { flag: "--rt-len", codec: number(0, MAX), negatable: true },
  reserved: { flag: "--rt-0-res", codec: FLAG },
  addresses: { flag: "--rt-0-addrs", codec: ADDRESSES },
  notStrict: { flag: "--rt-0-not-strict", codec: FLAG },
} as const;

type RtArgs = Args<typeof options>;

/** ip6t_rt.c, rt_mt6. */
function rtMatch(args: RtArgs, context: PacketContext): MatchResult {
  const found = findIpv6Header(context, PROTOCOL["ipv6-route"]);
  if (found.kind !== "found") return withoutHeader(found);
  const { octets, at } = found;
  const field = octets[at + 1];
  const type = octets[at + 2];
  const left = octets[at + 3];
  if (field === undefined || type === undefined || left === undefined) return UNSEEN_HEADER;
  const size = (field + 1) * 8;
  if (context.packet.length - at < size) return "hotdrop";
  if (!holds(args.left, (range) => within(left, range)) || !holds(args.length, (wanted) => wanted === size)) return false;
  if (!holds(args.type, (wanted) => wanted === type)) return false;
  if (args.reserved) {
    const reserved = unsignedAt(octets, at + 4, 4);
    if (reserved === undefined) return UNSEEN_HEADER;
    if (reserved !== 0) return false;
  }
  return args.addresses
    ? addressesMatch(found, Math.floor((size - FIXED) / ADDRESS), args.addresses.value, args.notStrict !== undefined)
    : true;
}

function addressesMatch({ octets, at }: Ipv6Header, count: number, wanted: readonly Address[], anyOrder: boolean): MatchResult {
  if (wanted.length > count || (!anyOrder && wanted.length !== count)) return false;
  const there = Array.from({ length: count }, (_, i) => addressAt(octets, at + FIXED + i * ADDRESS));
  let next = 0;
  for (const address of there) {
    if (next === wanted.length) break;
    if (typeof address !== "bigint") return UNSEEN_HEADER;
    if (address === wanted[next]) next++;
    else if (!anyOrder) return false;
  }
  return next === wanted.length;
}

function drawRt(d: Draw): string {
  const left = d.chance(2) ? ` ${spanOption(d, "--rt-segsleft", d.integer(0, 2), MAX, true)}` : "";
  const length = maybe(d, 3, `${not(d)}--rt-len ${d.pick([8, 24, 40])}`);
  if (d.chance(2)) return `-m rt${d.chance(3) ? "" : ` ${not(d)}--rt-type ${d.pick([0, 2, 3, 4])}`}${left}${length}`;
  const list = Array.from({ length: d.integer(1, 2) }, () => d.address("dst")).join();
  const addresses = d.chance(2) ? ` --rt-0-addrs ${list}${maybe(d, 2, "--rt-0-not-strict")}` : "";
  return `-m rt --rt-type 0${left}${length}${maybe(d, 3, "--rt-0-res")}${addresses}`;
}

const rt = match({
  name: "rt",
  families: [6],
  options,
  canonical: (args) => ({ ...args, left: withoutWholeRange(args.left, MAX) }),
  check: (args) => {
    if (args.notStrict && !args.addresses) return "--rt-0-not-strict needs --rt-0-addrs";
    const zero = args.type?.value === 0 && !args.type.not;
    const after = (["reserved", "addresses"] as const).every((key) => !args[key] || (zero && isAfter(args, key, "type")));
    return after ? undefined : "--rt-0-res and --rt-0-addrs need --rt-type 0 before them";
  },
  explain: (args) =>
    [
      "routing header",
      ...says(args.type, (type) => `type ${type}`),
      ...says(withoutIdleRange(args.left, MAX), (value) => `${rangeWords(value)} segments left`),
      ...says(args.length, (octets) => `length ${octets} octets`),
      ...says(args.reserved, () => "reserved field 0"),
      ...says(args.addresses, (list) => `${args.notStrict ? "among its addresses, in this order," : "addresses"} ${ADDRESSES.save(list)}`),
    ].join(", "),
  compile: (args) => (context) => rtMatch(args, context),
  draw: drawRt,
  doc: "The IPv6 routing header.",
  examples: [
    {
      rule: "-m rt --rt-type 0 ! --rt-segsleft 1:23 --rt-0-res",
      says: "routing header, type 0, not 1 to 23 segments left, reserved field 0",
    },
    {
      rule: "-m rt --rt-type 0 --rt-0-addrs fe80::1,2001:db8::0 --rt-0-not-strict",
      saved: "-m rt --rt-type 0 --rt-0-addrs fe80::1,2001:db8:: --rt-0-not-strict",
      says: "routing header, type 0, among its addresses, in this order, fe80::1,2001:db8::",
    },
    {
      rule: "-m rt --rt-segsleft 0:4294967295 --rt-len 24",
      saved: "-m rt --rt-len 24",
      says: "routing header, length 24 octets",
    },
  ],
});

export const specs = [rt];
