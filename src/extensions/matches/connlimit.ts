import { type Address, masked, maskOf } from "../../model/address.ts";
import type { Tuple } from "../../model/host.ts";
import type { Negatable } from "../../model/rule.ts";
import { FLAG, number, PREFIX_LENGTH } from "../codecs.ts";
import type { Draw } from "../draw.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const COUNT = number(0, 0xffffffff);

const options = {
  upto: { flag: "--connlimit-upto", codec: COUNT, negatable: true },
  above: { flag: "--connlimit-above", codec: COUNT, negatable: true },
  mask: { flag: "--connlimit-mask", codec: PREFIX_LENGTH },
  source: { flag: "--connlimit-saddr", codec: FLAG },
  destination: { flag: "--connlimit-daddr", codec: FLAG },
} as const;

type LimitArgs = Args<typeof options>;
const GIVEN = { value: true, not: false } as const;

function canonical(args: LimitArgs, family: 4 | 6): LimitArgs {
  const flip = (option: Negatable<number> | undefined) => (option?.not ? { value: option.value, not: false } : undefined);
  const full = family === 4 ? 32 : 128;
  return {
    upto: args.upto?.not ? undefined : (args.upto ?? flip(args.above)),
    above: args.above?.not ? undefined : (args.above ?? flip(args.upto)),
    mask: { value: Math.min(args.mask?.value ?? full, full), not: false },
    ...(args.destination ? { destination: GIVEN } : { source: GIVEN }),
  };
}

/** A connection that was counted under an address. */
interface Counted {
  readonly zone: number;
  readonly original: Tuple;
  /** When, in nanoseconds. */
  readonly added: bigint;
  /** How often it may have been counted over and above. */
  readonly again: number;
}

/** The connections of an address, and when they were last looked at, in nanoseconds. */
interface Count {
  readonly list: readonly Counted[];
  /** When those were counted that are over, and that the kernel may not have looked after since. */
  readonly over: readonly bigint[];
  readonly at: bigint;
}

/** A jiffy of the slowest clock (HZ 100): for so long connections may be neither looked after nor looked for. */
const MOMENT = 10_000_000n;

function same(a: Tuple, b: Tuple): boolean {
  const { icmp: x } = a;
  const { icmp: y } = b;
  return (
    a.src === b.src &&
    a.dst === b.dst &&
    a.protocol === b.protocol &&
    a.sport === b.sport &&
    a.dport === b.dport &&
    x?.type === y?.type &&
    x?.code === y?.code
  );
}

interface Outcome {
  readonly list: readonly Counted[];
  /** The fewest and the most connections that the kernel can have counted. */
  readonly fewest: number;
  readonly most: number;
}

/**
 * nf_conncount.c, count_tree. An assured connection is not added any more, and those that are gone or over are forgotten, itself included;
 * any other is added unless it is there. Where the address was looked at a moment ago, the kernel may have saved itself the looking, and
 * have counted one again.
 */
function countOf(context: PacketContext, address: Address, mask: Address, key: string): Outcome {
  const { connection, connections, time } = context;
  const zone = connection?.zone ?? 0;
  const tracked = connection?.template ? undefined : connection;
  const original = tracked?.original ?? connections?.tuple();
  if (!connections || !original) return { list: [], fewest: 0, most: 0 };
  const cell = `connlimit:${context.ruleKey}:${key}:${zone}:${masked(address, mask)}`;
  const before = context.cells.get<Count>(cell);
  const listed = before?.list ?? [];
  const justNow = before !== undefined && time - before.at < MOMENT;
  const assured = tracked ? tracked.status.assured : connections.standing(zone, original)?.assured === true;
  const isOwn = (counted: Counted) => counted.zone === zone && same(counted.original, original);
  const isOpen = (counted: Counted) => connections.standing(counted.zone, counted.original)?.over === false;
  const known = listed.find(isOwn);
  const own: Counted = { zone, original, added: time, again: known ? known.again + (justNow ? 1 : 0) : 0 };
  const at = known && !assured && connections.standing(zone, original) !== undefined ? listed.indexOf(known) : -1;
  let list: readonly Counted[];
  if (listed.length === 0) list = [own];
  else if (at >= 0) list = [...listed.slice(0, at).filter(isOpen), own, ...listed.slice(at + 1)];
  else list = assured ? listed.filter(isOpen) : [...listed.filter((counted) => !isOwn(counted) && isOpen(counted)), own];
  const over = before?.over.filter((added) => time - added < MOMENT) ?? [];
  const ended = listed.filter((counted) => time - counted.added < MOMENT && !isOwn(counted) && !list.includes(counted));
  context.cells.set<Count>(cell, { list, over: [...over, ...ended.map(({ added }) => added)], at: time });
  return { list, fewest: list.length, most: justNow ? total(listed) + over.length + (assured ? 0 : 1) : total(list) };
}

function total(list: readonly Counted[]): number {
  return list.reduce((sum, { again }) => sum + 1 + again, 0);
}

type Older = Pick<Counted, "zone" | "original">;

/** Connections that were there before the capture, by what they would be counted under. */
function olderBy(context: PacketContext, mask: Address, bySource: boolean): ReadonlyMap<string, readonly Older[]> {
  const found = new Map<string, Older[]>();
  for (const older of context.connections?.older() ?? []) {
    const end = bySource ? older.original.src : older.original.dst;
    if (typeof end !== typeof mask) continue;
    const key = `${older.zone}:${masked(end, mask)}`;
    const list = found.get(key);
    if (list) list.push(older);
    else found.set(key, [older]);
  }
  return found;
}

/** How many of them are open still, and not in the list. */
function uncounted({ connections }: PacketContext, list: readonly Counted[], older: readonly Older[]): number {
  return older.filter(
    ({ zone, original }) =>
      !list.some((counted) => counted.zone === zone && same(counted.original, original)) &&
      connections?.standing(zone, original)?.over === false,
  ).length;
}

/** xt_connlimit.c, connlimit_mt. */
function connlimitMatch(given: LimitArgs): (context: PacketContext) => MatchResult {
  const bySource = given.destination === undefined;
  let olders: ReadonlyMap<string, readonly Older[]> | undefined;
  return (context) => {
    const args = canonical(given, context.family);
    const mask = maskOf(context.family, args.mask?.value ?? 0);
    const address = bySource ? context.packet.src : context.packet.dst;
    const limit = (args.above ?? args.upto)?.value ?? 0;
    const key = `${args.above ? "above" : "upto"}${limit}/${args.mask?.value}${bySource ? "s" : "d"}`;
    const { list, fewest, most } = countOf(context, address, mask, key);
    // None at all is what a lack of memory looks like to the kernel.
    if (most === 0) return "hotdrop";
    const isMatch = (count: number) => count > limit === (args.above !== undefined);
    const outcomes = [isMatch(most), fewest === 0 ? ("hotdrop" as const) : isMatch(fewest)] as const;
    if (outcomes[0] !== outcomes[1]) {
      return { unknown: "how many connections the kernel counted: two packets came within a tick of its clock", between: outcomes };
    }
    olders ??= olderBy(context, mask, bySource);
    const older = olders.get(`${context.connection?.zone ?? 0}:${masked(address, mask)}`) ?? [];
    if (fewest <= limit && fewest + older.length > limit && fewest + uncounted(context, list, older) > limit) {
      return { unknown: "how many of the connections that are older than the capture were counted by this rule" };
    }
    return isMatch(fewest);
  };
}

function drawConnlimit(d: Draw): string {
  const full = d.family === 4 ? 32 : 128;
  const mask = d.pick([full, full, d.family === 4 ? 24 : 64, 0]);
  return `-m connlimit ${d.pick(["--connlimit-upto", "--connlimit-above"])} ${d.integer(0, 3)} --connlimit-mask ${mask} --connlimit-${d.pick(["saddr", "daddr"])}`;
}

const connlimit = match({
  name: "connlimit",
  shared: true,
  options,
  canonical,
  check: (args) => {
    if (args.upto && args.above) return "connlimit takes --connlimit-upto or --connlimit-above, not both";
    if (args.source && args.destination) return "connlimit takes --connlimit-saddr or --connlimit-daddr, not both";
    return args.upto || args.above ? undefined : "connlimit needs --connlimit-upto or --connlimit-above";
  },
  explain: (args) => {
    const { above, upto } = canonical(args, 4);
    const side = args.destination ? "destination" : "source";
    const whole = args.mask === undefined || args.mask.value === 128 || args.mask.value === 32;
    const whose = whole ? `${side} address` : `${side} network of length ${args.mask?.value}`;
    return `${above ? `more than ${above.value}` : `at most ${upto?.value ?? 0}`} connections of the ${whose}`;
  },
  compile: connlimitMatch,
  draw: drawConnlimit,
  forks: "which of the connections that are older than the capture the rule had counted",
  doc: "How many connections a source or destination address or network has, as far as this rule has seen them.",
  examples: [
    {
      rule: "-p tcp -m connlimit --connlimit-above 10",
      saved: "-p tcp -m connlimit --connlimit-above 10 --connlimit-mask 32 --connlimit-saddr",
      says: "more than 10 connections of the source address",
    },
    {
      rule: "-m connlimit ! --connlimit-above 3 --connlimit-mask 255.255.255.0 --connlimit-daddr",
      saved: "-m connlimit --connlimit-upto 3 --connlimit-mask 24 --connlimit-daddr",
      says: "at most 3 connections of the destination network of length 24",
    },
  ],
});

export const specs = [connlimit];
