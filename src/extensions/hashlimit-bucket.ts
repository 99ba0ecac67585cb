import { type HashRate, octetsOf } from "./hashlimit-rate.ts";
import type { PacketContext } from "./spec.ts";

/** Credits of a second; the same for HZ 1000 and 250, as are the rules that follow from them (xt_hashlimit.c, CREDITS_PER_JIFFY). */
const CREDITS = 1000n * 2n ** 37n;
const SCALE = 1_000_000n;
/** CREDITS_PER_JIFFY_BYTES of a whole second, which is also all that there can be. */
const CREDITS_OCTETS = 4_194_304_000n;
const WORD = 64;

/** What a rule asks for, or the rule that made the table of this name. */
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

/** An entry of the table (struct dsthash_ent); times in milliseconds. */
interface Bucket {
  readonly prev: number;
  readonly expires: number;
  readonly credit: bigint;
  readonly refills: bigint;
  readonly overLast: boolean;
  readonly current: bigint;
  /** The entry may have been cleared away and made anew since then. */
  readonly doubtful?: true;
}

/** xt_hashlimit.c, user2credits: in 64 bits, whatever comes of it. */
export function hashCredits(user: bigint): bigint {
  return BigInt.asUintN(WORD, BigInt.asUintN(WORD, user) * (CREDITS / SCALE));
}

/** user2credits_byte. */
export function octetCredits(average: bigint): bigint {
  return BigInt.asUintN(32, (average * CREDITS_OCTETS) >> 32n);
}

function fresh({ rate, burst }: Limit, now: number): Bucket {
  const credit = rate.octets ? CREDITS_OCTETS : hashCredits(rate.average * burst);
  return { prev: now, expires: 0, credit, refills: burst, overLast: false, current: 0n };
}

function rateOf({ rate }: Limit): bigint {
  return rate.octets ? octetsOf(rate.average) : SCALE / rate.average;
}

/** rateinfo_recalc. */
function recalculated(bucket: Bucket, limit: Limit, now: number): Bucket {
  const delta = BigInt(now - bucket.prev);
  if (delta === 0n) return bucket;
  if (limit.rateMatch) {
    const span = limit.interval * 1000n;
    if (delta < span) return bucket;
    return { ...bucket, prev: now, overLast: bucket.current * span > delta * rateOf(limit), current: 0n };
  }
  const cap = limit.rate.octets ? CREDITS_OCTETS : hashCredits(limit.rate.average * limit.burst);
  const gained = delta * ((limit.rate.octets ? CREDITS_OCTETS : CREDITS) / 1000n);
  const credit = BigInt.asUintN(WORD, bucket.credit + gained);
  return { ...bucket, prev: now, credit: credit > cap ? cap : credit };
}

/** Takes what a packet costs; whether there was enough (hashlimit_mt_common). */
function spend(bucket: Bucket, limit: Limit, octets: bigint): { readonly under: boolean; readonly after: Bucket } {
  const { rate, burst } = limit;
  if (limit.rateMatch) {
    const current = bucket.current + (rate.octets ? octets : 1n);
    const most = rate.octets ? rateOf(limit) * (burst || 1n) : burst + rateOf(limit);
    return { under: !bucket.overLast && current <= most, after: { ...bucket, current } };
  }
  if (!rate.octets) {
    const cost = hashCredits(rate.average);
    return bucket.credit >= cost ? { under: true, after: { ...bucket, credit: bucket.credit - cost } } : { under: false, after: bucket };
  }
  const price = ((octets >> 4n) + 1n) * octetCredits(rate.average);
  const cost = price > CREDITS_OCTETS ? CREDITS_OCTETS : price;
  const refill = bucket.credit < cost && bucket.refills > 0n;
  const ready = refill ? { ...bucket, credit: CREDITS_OCTETS, refills: bucket.refills - 1n } : bucket;
  return ready.credit >= cost ? { under: true, after: { ...ready, credit: ready.credit - cost } } : { under: false, after: ready };
}

/**
 * Whether a packet stays under the limit of its entry; undefined where that hangs on when the table was cleared of idle entries.
 * `cell` is the entry's; the first packet finds the table empty.
 */
export function underLimit(context: PacketContext, cell: string, limit: Limit): boolean | undefined {
  const now = Number(context.time / 1_000_000n);
  const octets = BigInt(context.packet.length);
  const before = context.cells.get<Bucket>(cell);
  const gone = before === undefined || now >= before.expires + limit.gcInterval;
  const anew = spend(fresh(limit, now), limit, octets);
  const kept = gone ? anew : spend(recalculated(before, limit, now), limit, octets);
  const maybeGone = !gone && (now >= before.expires || before.doubtful === true);
  const doubtful = maybeGone && !sameState(anew.after, kept.after);
  const { doubtful: _, ...after } = kept.after;
  context.cells.set<Bucket>(cell, { ...after, expires: now + limit.expire, ...(doubtful ? { doubtful: true } : {}) });
  return doubtful && anew.under !== kept.under ? undefined : kept.under;
}

function sameState(a: Bucket, b: Bucket): boolean {
  return a.credit === b.credit && a.refills === b.refills && a.overLast === b.overLast && a.current === b.current && a.prev === b.prev;
}
