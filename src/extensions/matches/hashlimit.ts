import { type Address, familyOf, masked, maskOf } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import { FLAG, number, PREFIX_LENGTH, word } from "../codecs.ts";
import { oneOf } from "../condition.ts";
import { type Draw, maybe } from "../draw.ts";
import { hashCredits, type Limit, octetCredits, underLimit } from "../hashlimit-bucket.ts";
import { type HashRate, hashRateText, octetsOf, octetsText, parseBurst, parseHashRate, printedExpiry } from "../hashlimit-rate.ts";
import { skipIpv6Headers, UNSEEN_HEADER } from "../ipv6-headers.ts";
import { packetOctets } from "../packet-octets.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { UNCAPTURED } from "../transport.ts";

const DEFAULT_BURST = 5n;
const GC_INTERVAL = 1000;
/** What iptables keeps of a name (libxt_hashlimit.c of iptables). */
const LONGEST_NAME = 254;
const LARGEST_TABLE = 1_048_576;
const PARTS = ["srcip", "srcport", "dstip", "dstport"] as const;
type Part = (typeof PARTS)[number];

/** A burst as written, or of so many octets as the kernel has it. */
interface Burst {
  readonly value: bigint;
  readonly octets: boolean;
}

const RATE = word<HashRate>("a rate: number/second, /minute, /hour, /day, or so many b/s, kb/s, mb/s", parseHashRate, hashRateText);
const COUNT = number(0, 0xffffffff);
const BURST = word<Burst>(
  "a number from 1 to 1000000, with k or m for octets",
  (text) => {
    const value = parseBurst(text);
    return value === undefined ? undefined : { value, octets: false };
  },
  ({ value, octets }) => (octets ? octetsText(value) : String(value)),
);
const MODE = word<readonly Part[]>(
  `a list of ${PARTS.join(", ")}`,
  (text) => {
    const given = text.split(/[,|]/).filter(Boolean);
    return given.every((part) => (PARTS as readonly string[]).includes(part)) ? PARTS.filter((part) => given.includes(part)) : undefined;
  },
  (parts) => parts.join(),
);
const options = {
  upto: { flag: "--hashlimit-upto", aliases: ["--hashlimit"], codec: RATE, negatable: true },
  above: { flag: "--hashlimit-above", codec: RATE, negatable: true },
  burst: { flag: "--hashlimit-burst", codec: BURST },
  mode: { flag: "--hashlimit-mode", codec: MODE },
  name: {
    flag: "--hashlimit-name",
    codec: word("a table's name", (text) => /^[^/]+$/.exec(text)?.[0].slice(0, LONGEST_NAME), String),
    required: true,
  },
  size: { flag: "--hashlimit-htable-size", codec: COUNT },
  max: { flag: "--hashlimit-htable-max", codec: COUNT },
  gcInterval: { flag: "--hashlimit-htable-gcinterval", codec: COUNT },
  expire: { flag: "--hashlimit-htable-expire", codec: COUNT },
  srcMask: { flag: "--hashlimit-srcmask", codec: PREFIX_LENGTH },
  dstMask: { flag: "--hashlimit-dstmask", codec: PREFIX_LENGTH },
  rateMatch: { flag: "--hashlimit-rate-match", codec: FLAG },
  interval: {
    flag: "--hashlimit-rate-interval",
    codec: word("a number of seconds", (text) => Number(/^\s*(\d+)/.exec(text)?.[1] ?? 0) || undefined, String),
  },
} as const;

type HashArgs = Args<typeof options>;

function rateOf(args: HashArgs): HashRate {
  const rate = (args.upto ?? args.above)?.value ?? { octets: false, average: 1n, unit: 1 };
  // The time of a packet is that of a second from then on, and the interval that of the unit (libxt_hashlimit.c, hashlimit_mt_check).
  return args.rateMatch && !rate.octets ? { ...rate, average: rate.average / BigInt(rate.unit) } : rate;
}

/** How often octets can be filled up again. */
function refills(rate: HashRate, burst: bigint): bigint {
  const octets = octetsOf(rate.average);
  return octets === 0n ? 0n : (burst + octets - 1n) / octets;
}

function limitOf(args: HashArgs): Limit {
  const rate = rateOf(args);
  const written = args.burst?.value.value;
  const burst = rate.octets ? (written === undefined ? 0n : refills(rate, written)) : (written ?? DEFAULT_BURST);
  const unit = (args.upto ?? args.above)?.value.unit ?? 1;
  const expire = rate.octets ? (written === undefined ? 15_000 : 60_000) : unit * 1000;
  return {
    rate,
    burst,
    rateMatch: args.rateMatch !== undefined,
    interval: BigInt(args.interval?.value ?? (rate.octets ? 1 : unit)),
    expire: args.expire?.value ?? expire,
    gcInterval: args.gcInterval?.value ?? GC_INTERVAL,
  };
}

function canonical(args: HashArgs, family: 4 | 6): HashArgs {
  const limit = limitOf(args);
  const { rate } = limit;
  const given = <T>(value: T) => ({ value, not: false });
  const full = family === 4 ? 32 : 128;
  const isAbove = args.above ? !args.above.not : args.upto?.not === true;
  const burst: Burst | undefined = rate.octets
    ? limit.burst > 0n
      ? { value: limit.burst * octetsOf(rate.average), octets: true }
      : undefined
    : { value: limit.burst, octets: false };
  const table = (value: number | undefined) => (value === undefined || value === 0 ? undefined : given(Math.min(value, LARGEST_TABLE)));
  return {
    ...(isAbove ? { above: given(rate) } : { upto: given(rate) }),
    burst: burst && given(burst),
    mode: args.mode && args.mode.value.length > 0 ? args.mode : undefined,
    name: args.name,
    size: table(args.size?.value),
    max: table(args.max?.value),
    gcInterval: limit.gcInterval === GC_INTERVAL ? undefined : given(limit.gcInterval),
    expire: limit.expire === printedExpiry(rate, limit.burst > 0n) ? undefined : given(limit.expire),
    srcMask: args.srcMask?.value === full ? undefined : args.srcMask,
    dstMask: args.dstMask?.value === full ? undefined : args.dstMask,
    rateMatch: args.rateMatch,
    interval: args.rateMatch && limit.interval !== 1n ? given(Number(limit.interval)) : undefined,
  };
}

function check(args: HashArgs): string | undefined {
  if (args.upto && args.above) return "hashlimit takes --hashlimit-upto or --hashlimit-above, not both";
  if (!args.upto && !args.above) return "hashlimit needs --hashlimit-upto or --hashlimit-above";
  const { rate, burst, rateMatch, expire, gcInterval } = limitOf(args);
  const written = args.burst?.value.value;
  if (rate.octets && written !== undefined && written < octetsOf(rate.average)) {
    return `--hashlimit-burst must be at least ${octetsText(octetsOf(rate.average))}`;
  }
  if (!rate.octets && burst > 1_000_000n) return "--hashlimit-burst must be at most 1000000";
  if (expire === 0 || gcInterval === 0) return "--hashlimit-htable-expire and --hashlimit-htable-gcinterval must not be 0";
  const refused = rateMatch
    ? rate.average === 0n || rate.average > 0xffffffffn
    : rate.octets
      ? octetCredits(rate.average) === 0n
      : hashCredits(rate.average * burst) < hashCredits(rate.average);
  return refused ? "the kernel refuses this limit: rate and burst overflow" : undefined;
}

const PORTS_AT: ReadonlyMap<number, number> = new Map([
  ...[PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.dccp, PROTOCOL.esp, PROTOCOL.sctp, PROTOCOL.udplite].map((protocol): [number, number] => [
    protocol,
    0,
  ]),
  [PROTOCOL.ah, 4],
]);

/** The four octets where ports are, whatever stands there; a protocol without ports has 0 (hashlimit_init_dst). */
function portsOf(context: PacketContext): readonly [number, number] | MatchResult {
  const { packet } = context;
  const rest = packet.family === 4 ? { protocol: packet.protocol, at: packet.headerLength } : skipIpv6Headers(context);
  if (typeof rest === "string") return rest === "none" ? "hotdrop" : UNSEEN_HEADER;
  const offset = PORTS_AT.get(rest.protocol);
  if (offset === undefined) return [0, 0];
  const at = rest.at + offset;
  if (packet.length < at + 4) return "hotdrop";
  const [a, b, c, d] = packetOctets(packet).slice(at, at + 4);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return UNCAPTURED;
  return [a * 256 + b, c * 256 + d];
}

function underMask(address: Address, length: number | undefined): string {
  if (length === undefined) return String(address);
  const family = familyOf(address);
  return String(masked(address, maskOf(family, Math.min(length, family === 4 ? 32 : 128))));
}

/** What the entries of a table go by; those of the rule that made it hold for all that name it. */
function settingsOf({ rate, burst, rateMatch, interval, expire, gcInterval }: Limit): string {
  return [rate.octets, rate.average, burst, rateMatch, interval, expire, gcInterval].join();
}

/** Whether another rule names the same table with other settings: which of them made it does not show. */
function isDisputed(args: HashArgs, settings: string, context: PacketContext): boolean {
  const others = (context.uses?.("hashlimit") ?? []) as readonly HashArgs[];
  return others.some((other) => other.name?.value === args.name?.value && settingsOf(limitOf(other)) !== settings);
}

/** xt_hashlimit.c, hashlimit_mt: all rules that name one table share its entries. */
function hashlimitMatch(args: HashArgs, limit: Limit, context: PacketContext): MatchResult {
  const mode = args.mode?.value ?? [];
  const ports = mode.includes("srcport") || mode.includes("dstport") ? portsOf(context) : ([0, 0] as const);
  if (!Array.isArray(ports)) return ports as MatchResult;
  const table = `hashlimit:${context.netns}:${context.family}:${args.name?.value}`;
  const { packet } = context;
  const key = [
    mode.includes("srcip") ? underMask(packet.src, args.srcMask?.value) : "",
    mode.includes("srcport") ? ports[0] : "",
    mode.includes("dstip") ? underMask(packet.dst, args.dstMask?.value) : "",
    mode.includes("dstport") ? ports[1] : "",
  ].join();
  const under = underLimit(context, `${table}:${key}`, limit);
  if (under === undefined)
    return { unknown: `how the kernel's clock ticked, or when it cleared the table ${args.name?.value} of idle entries` };
  const isAbove = args.above ? !args.above.not : args.upto?.not === true;
  return under !== isAbove;
}

function words(given: HashArgs): string {
  const args = canonical(given, 6);
  const rate = (args.above ?? args.upto)?.value;
  const of = args.mode ? ` for each ${oneOf(args.mode.value, "and")}` : "";
  const burst = args.burst ? `, burst ${BURST.save(args.burst.value)}` : "";
  return `${args.above ? "above" : "up to"} ${rate ? hashRateText(rate) : ""}${of}${burst} (table ${args.name?.value})`;
}

function drawHashlimit(d: Draw): string {
  const mode = PARTS.filter(() => d.chance(2)).join();
  const octets = d.chance(4);
  const rate = octets ? d.pick(["1kb/s", "2kb/s", "100kb/s"]) : d.pick(["1/sec", "3/min", "20/hour", "1/day", "1000/sec"]);
  const burst = octets
    ? maybe(d, 2, `--hashlimit-burst ${d.pick(["200kb", "1mb"])}`)
    : ` --hashlimit-burst ${rate === "1/day" ? 1 : d.integer(1, 4)}`;
  const masks = `${maybe(d, 4, `--hashlimit-srcmask ${d.integer(0, 31)}`)}${maybe(d, 4, `--hashlimit-dstmask ${d.integer(0, 31)}`)}`;
  const matched = maybe(d, 6, "--hashlimit-rate-match");
  // Entries stay for as long as a test runs.
  const table = ` --hashlimit-name ${d.name("h")}-${d.integer(0, 0xffffff)} --hashlimit-htable-expire 600000`;
  return `-m hashlimit --hashlimit-${d.pick(["upto", "above"])} ${rate}${burst}${mode === "" ? "" : ` --hashlimit-mode ${mode}`}${table}${masks}${matched}`;
}

const hashlimit = match({
  name: "hashlimit",
  shared: true,
  options,
  canonical,
  check,
  explain: words,
  compile: (args) => {
    const limit = limitOf(args);
    const settings = settingsOf(limit);
    let disputed: boolean | undefined;
    return (context) => {
      disputed ??= isDisputed(args, settings, context);
      if (disputed) return { unknown: `which of the rules that share the table ${args.name?.value} was there first` };
      return hashlimitMatch(args, limit, context);
    };
  },
  draw: drawHashlimit,
  forks: "which of several rules that share a table was there first, and when the kernel tidied it up",
  doc: "At most so many packets or octets per time for each address, port or combination of them; the first packet finds the table empty.",
  examples: [
    {
      rule: "-m hashlimit --hashlimit 40/second --hashlimit-mode dstport,srcip --hashlimit-name web",
      saved: "-m hashlimit --hashlimit-upto 40/sec --hashlimit-burst 5 --hashlimit-mode srcip,dstport --hashlimit-name web",
      says: "up to 40/sec for each srcip and dstport, burst 5 (table web)",
    },
    {
      rule: "-m hashlimit ! --hashlimit-upto 100kb/s --hashlimit-burst 150kb --hashlimit-name n --hashlimit-srcmask 255.255.0.0",
      saved: "-m hashlimit --hashlimit-above 100kb/s --hashlimit-burst 200kb --hashlimit-name n --hashlimit-srcmask 16",
      says: "above 100kb/s, burst 200kb (table n)",
    },
    {
      rule: "-m hashlimit --hashlimit-upto 5/min --hashlimit-rate-match --hashlimit-name n",
      saved:
        "-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-name n --hashlimit-htable-expire 60000 --hashlimit-rate-match --hashlimit-rate-interval 60",
      says: "up to 5/sec, burst 5 (table n)",
    },
  ],
});

export const specs = [hashlimit];
