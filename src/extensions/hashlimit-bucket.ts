import { type HashRate, octetsOf } from "./hashlimit-rate.ts";
import type { PacketContext } from "./spec.ts";
import { aTickLater, type Bucket, contents, type Filling, fullBucket, mergeBuckets, takeFrom } from "./token-bucket.ts";

/** Credits of a second; the same for HZ 1000 and 250, as are the rules that follow from them (xt_hashlimit.c, CREDITS_PER_JIFFY). */
const CREDITS = 1000n * 2n ** 37n;
const SCALE = 1_000_000n;
/** CREDITS_PER_JIFFY_BYTES of a whole second, which is also all that there can be. */
const CREDITS_OCTETS = 4_194_304_000n;
const SECOND = 1_000_000_000;
/** A jiffy of the slowest clock (HZ 100), in nanoseconds. */
const JIFFY = 10_000_000;
const MILLISECOND = 1_000_000n;
/** More ways in which an entry can stand are not followed. */
const MOST_STATES = 16;

/** What a rule asks for. */
export interface Limit {
  readonly rate: HashRate;
  /** Packets; for octets how often the credit is filled up again. */
  readonly burst: bigint;
  readonly rateMatch: boolean;
  /** Seconds. */
  readonly interval: bigint;
  /** Milliseconds. */
  readonly expire: number;
  readonly gcInterval: number;
}

/** One way in which an entry of the table can stand (struct dsthash_ent). */
interface Entry {
  readonly bucket: Bucket;
  readonly refills: number;
  /** With --hashlimit-rate-match: when the interval began, what it has carried, and whether the one before was over the limit. */
  readonly since: bigint;
  readonly current: number;
  readonly overLast: boolean;
}

/** An entry in all ways in which it can stand, none when they are too many, and when it may be cleared away. */
interface Cell {
  readonly states: readonly Entry[];
  readonly expires: bigint;
  /** When it was asked last, by which rules, and whether the ticks since then are allowed for already. */
  readonly at: bigint;
  readonly askedBy: readonly string[];
  readonly ticked: boolean;
}

interface Outcome {
  readonly under: boolean;
  readonly after: Entry;
}

/** xt_hashlimit.c, user2credits: in 64 bits, whatever comes of it. */
export function hashCredits(user: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asUintN(64, user) * (CREDITS / SCALE));
}

/** user2credits_byte. */
export function octetCredits(average: bigint): bigint {
  return BigInt.asUintN(32, (average * CREDITS_OCTETS) >> 32n);
}

/** How the bucket of a rule fills, and what a packet of so many octets costs (hashlimit_byte_cost). */
function fillingOf({ rate, burst }: Limit, octets: number): Filling {
  if (!rate.octets) {
    const cap = Number(hashCredits(rate.average * burst));
    return { cap, cost: Number(hashCredits(rate.average)), rate: Number(CREDITS) / SECOND, tick: JIFFY };
  }
  const cap = Number(CREDITS_OCTETS);
  const price = ((octets >> 4) + 1) * Number(octetCredits(rate.average));
  return { cap, cost: Math.min(cap, price), rate: cap / SECOND, tick: JIFFY };
}

/** rateinfo_init. */
function fresh(limit: Limit, now: bigint): Entry {
  const bucket = fullBucket(fillingOf(limit, 0), now);
  return { bucket, refills: Number(limit.burst), since: now, current: 0, overLast: false };
}

/** Packets or octets in a second. */
function speedOf({ rate }: Limit): number {
  return Number(rate.octets ? octetsOf(rate.average) : SCALE / rate.average);
}

/** The begin of another interval, where there is one (rateinfo_recalc). */
function rolled(entry: Entry, limit: Limit, now: bigint): readonly Entry[] {
  const passed = Number(now - entry.since);
  const span = Number(limit.interval) * SECOND;
  if (passed + JIFFY < span || passed === 0) return [entry];
  const carried = entry.current * span;
  const verdicts = new Set([carried > (passed - JIFFY) * speedOf(limit), carried > (passed + JIFFY) * speedOf(limit)]);
  const next = [...verdicts].map((overLast) => ({ ...entry, since: now, current: 0, overLast }));
  return passed - JIFFY >= span ? next : [entry, ...next];
}

/** hashlimit_mt_common: what a packet does to an entry, in every way that is possible. */
function outcomes(entry: Entry, limit: Limit, now: bigint, octets: number): readonly Outcome[] {
  const { rate, burst } = limit;
  if (limit.rateMatch) {
    const most = rate.octets ? speedOf(limit) * (Number(burst) || 1) : Number(burst) + speedOf(limit);
    return rolled(entry, limit, now).map((before) => {
      const current = before.current + (rate.octets ? octets : 1);
      return { under: !before.overLast && current <= most, after: { ...before, current } };
    });
  }
  const filling = fillingOf(limit, octets);
  const [least, most] = contents(entry.bucket, now, filling);
  const refilled = takeFrom(fullBucket(filling, now), now, filling).map(({ left }) => ({
    under: true,
    after: { ...entry, bucket: left, refills: entry.refills - 1 },
  }));
  const canRefill = rate.octets && entry.refills > 0;
  if (canRefill && most < filling.cost) return refilled;
  const taken = takeFrom(entry.bucket, now, filling).map(({ enough, left }) => ({ under: enough, after: { ...entry, bucket: left } }));
  return canRefill && least < filling.cost ? [...refilled, ...taken.filter(({ under }) => under)] : taken;
}

/** Entries that differ in nothing but what is in their buckets are put together where that is nearly the same. */
function merged(entries: readonly Entry[], limit: Limit, now: bigint): readonly Entry[] {
  if (limit.rateMatch) return [...new Map(entries.map((entry) => [keyOf(entry), entry])).values()];
  const filling = fillingOf(limit, 0);
  return [...new Set(entries.map(({ refills }) => refills))].flatMap((refills) => {
    const alike = entries.filter((entry) => entry.refills === refills);
    const [first] = alike;
    const buckets = mergeBuckets(
      alike.map(({ bucket }) => bucket),
      now,
      filling,
    );
    return first ? buckets.map((bucket) => ({ ...first, bucket })) : [];
  });
}

/** An entry as it may stand a tick of the kernel's clock later. */
function laterOf(entry: Entry, limit: Limit): Entry {
  return limit.rateMatch ? entry : { ...entry, bucket: aTickLater(entry.bucket, fillingOf(limit, 0)) };
}

function keyOf({ since, current, overLast }: Entry): string {
  return [since, current, overLast].join();
}

/**
 * Whether a packet stays under the limit of its entry; undefined where that hangs on the tick of the kernel's clock, or on when the table
 * was cleared of idle entries. `key` is the entry's; the first packet finds the table empty.
 */
export function underLimit(context: PacketContext, key: string, limit: Limit): boolean | undefined {
  const { time: now, cells, ruleKey } = context;
  const before = cells.get<Cell>(key);
  const askedBy = before?.at === now ? before.askedBy : [];
  // A packet that comes round to a rule again has one time here, but took some to go round.
  const isAgain = askedBy.includes(ruleKey);
  const gone = before === undefined || now >= before.expires + BigInt(limit.gcInterval) * MILLISECOND + BigInt(2 * JIFFY);
  const maybeGone = !gone && now >= before.expires - BigInt(JIFFY);
  const kept = gone ? [] : isAgain && !before.ticked ? before.states.map((entry) => laterOf(entry, limit)) : before.states;
  const states = [...(gone || maybeGone ? [fresh(limit, now)] : []), ...kept];
  const known = gone || before.states.length > 0;
  const found = states.flatMap((entry) => outcomes(entry, limit, now, context.packet.length));
  const after = merged(
    found.map((outcome) => outcome.after),
    limit,
    now,
  );
  cells.set<Cell>(key, {
    states: known && after.length <= MOST_STATES ? after : [],
    expires: now + BigInt(limit.expire) * MILLISECOND,
    at: now,
    askedBy: isAgain ? askedBy : [...askedBy, ruleKey],
    ticked: isAgain || (before?.at === now && before.ticked),
  });
  const verdicts = new Set(found.map(({ under }) => under));
  return known && verdicts.size === 1 ? [...verdicts][0] : undefined;
}
