import { IPV6_HEADER, PROTOCOL } from "../../model/packet.ts";
import { FLAG, parseNumber, word } from "../codecs.ts";
import { oneOf } from "../condition.ts";
import { type Draw, not } from "../draw.ts";
import { ipv6HeaderLength, UNSEEN_HEADER } from "../ipv6-headers.ts";
import { packetOctets, unsignedAt } from "../packet-octets.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const { esp, "ipv6-nonxt": none } = PROTOCOL;

/** In the order in which iptables-save prints them; "protocol" is any upper layer. */
const HEADERS = [
  { name: "hop-by-hop", short: "hop", number: PROTOCOL.hopopt },
  { name: "ipv6-opts", short: "dst", number: PROTOCOL["ipv6-opts"] },
  { name: "ipv6-route", short: "route", number: PROTOCOL["ipv6-route"] },
  { name: "ipv6-frag", short: "frag", number: PROTOCOL["ipv6-frag"] },
  { name: "ah", short: "auth", number: PROTOCOL.ah },
  { name: "esp", short: "esp", number: esp },
  { name: "ipv6-nonxt", short: "none", number: none },
  { name: "protocol", short: "prot", number: 255 },
] as const;
type Header = (typeof HEADERS)[number]["name"];

const LIST = word<readonly Header[]>(
  `a list of ${HEADERS.map(({ name }) => name).join(", ")}`,
  (text) => {
    const given = text.split(",").map((part) => {
      const number = parseNumber(part, 0, 255);
      return HEADERS.find((header) => header.name === part || header.short === part || header.number === number);
    });
    return given.includes(undefined) ? undefined : HEADERS.filter((header) => given.includes(header)).map(({ name }) => name);
  },
  (list) => list.join(","),
);

const options = {
  headers: { flag: "--header", codec: LIST, negatable: true, required: true },
  soft: { flag: "--soft", codec: FLAG },
} as const;

/** The headers that a packet has, as ip6t_ipv6header.c counts them, or what the match says at once. */
function headersOf({ packet }: PacketContext): ReadonlySet<Header> | { readonly result: MatchResult } {
  const octets = packetOctets(packet);
  const found = new Set<Header>();
  let next = octets[6];
  for (let at = IPV6_HEADER; at <= packet.length; ) {
    const header = HEADERS.find(({ name, number }) => number === next && name !== "protocol");
    if (next === undefined) return { result: UNSEEN_HEADER };
    if (header === undefined) break;
    if (next !== none && packet.length - at < 2) return { result: false };
    found.add(header.name);
    if (next === none || next === esp) return found;
    const field = unsignedAt(octets, at, 2);
    if (field === undefined) return { result: UNSEEN_HEADER };
    at += ipv6HeaderLength(next, field & 255);
    next = field >> 8;
  }
  return next === none || next === esp ? found : found.add("protocol");
}

/** ip6t_ipv6header.c, ipv6header_mt6: exactly those headers, or with --soft all of them and maybe others. */
function headerMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const there = headersOf(context);
  if ("result" in there) return there.result;
  const wanted = args.headers?.value ?? [];
  const turned = args.headers?.not === true;
  if (args.soft) return wanted.every((header) => there.has(header) !== turned);
  return (there.size === wanted.length && wanted.every((header) => there.has(header))) !== turned;
}

function drawHeaders(d: Draw): string {
  const picked = Array.from({ length: d.integer(1, 3) }, () => d.pick(HEADERS).name);
  const list = d.chance(2) ? [...picked, "protocol"] : picked;
  return `-m ipv6header ${not(d)}--header ${LIST.save(LIST.parse([list.join()]) ?? [])}${d.chance(2) ? " --soft" : ""}`;
}

const ipv6header = match({
  name: "ipv6header",
  families: [6],
  options,
  explain: (args) => {
    const list = args.headers?.value ?? [];
    if (args.soft) return args.headers?.not ? `neither of the headers ${oneOf(list, "and")}` : `at least the headers ${oneOf(list, "and")}`;
    return `${args.headers?.not ? "not " : ""}exactly the headers ${oneOf(list, "and")}`;
  },
  compile: (args) => (context) => headerMatch(args, context),
  draw: drawHeaders,
  doc: "Which IPv6 extension headers a packet has.",
  examples: [
    {
      rule: "-m ipv6header --header frag,hop,prot",
      saved: "-m ipv6header --header hop-by-hop,ipv6-frag,protocol",
      says: "exactly the headers hop-by-hop, ipv6-frag and protocol",
    },
    { rule: "-m ipv6header ! --header ah,esp --soft", says: "neither of the headers ah and esp" },
    { rule: "-m ipv6header --header ipv6-nonxt --soft", says: "at least the headers ipv6-nonxt" },
  ],
});

export const specs = [ipv6header];
