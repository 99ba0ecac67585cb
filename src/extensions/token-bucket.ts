/** What a bucket may hold: credits between two bounds at a time, before what it gained since then. */
export interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly at: bigint;
}

/** How a bucket fills. */
export interface Filling {
  readonly cap: number;
  readonly cost: number;
  /** Credit per nanosecond. */
  readonly rate: number;
  /** How much later or earlier than the capture's clock the kernel's may tick, in nanoseconds. */
  readonly tick: number;
}

/** What can happen to a packet, and what is left then. */
export interface Taken {
  readonly enough: boolean;
  readonly left: Bucket;
}

/** A bucket that holds all that it can. */
export function fullBucket({ cap }: Filling, at: bigint): Bucket {
  return { low: cap, high: cap, at };
}

/** The least and the most that a bucket can hold at a time. */
export function contents({ low, high, at }: Bucket, now: bigint, { cap, rate, tick }: Filling): readonly [least: number, most: number] {
  const passed = Number(now - at);
  const least = Math.min(cap, low + Math.max(0, passed - tick) * rate);
  return [least, Math.min(cap, high + (passed + (passed > 0 ? tick : 0)) * rate)];
}

/** The bucket as it may be when the kernel's clock ticked, though the capture's stood still. */
export function aTickLater(bucket: Bucket, { rate, tick }: Filling): Bucket {
  return { ...bucket, high: bucket.high + tick * rate };
}

/**
 * Takes a packet's cost out of a bucket (xt_limit.c, limit_mt; nft_limit.c, nft_limit_eval). Both is possible when it depends on the tick
 * of the kernel's clock whether there is enough.
 */
export function takeFrom(before: Bucket, now: bigint, filling: Filling): readonly Taken[] {
  const { cap, cost } = filling;
  const [least, most] = contents(before, now, filling);
  if (least < cost && most >= cost) return most >= cap ? bothAnew(least, most, now, filling) : both(before, now, filling);
  const enough = least >= cost;
  const paid = enough ? cost : 0;
  // What overflows is lost; else what was gained counts from where it began, so that no error adds up.
  if (most >= cap) return [{ enough, left: { low: least - paid, high: most - paid, at: now } }];
  return [{ enough, left: { ...before, low: before.low - paid, high: before.high - paid } }];
}

/** What is left where both is possible and some may overflow. */
function bothAnew(least: number, most: number, at: bigint, { cost }: Filling): readonly Taken[] {
  return [
    { enough: true, left: { low: 0, high: most - cost, at } },
    { enough: false, left: { low: least, high: cost, at } },
  ];
}

/** The same where none does: what was gained counts from where it began. Whether it was enough tells something of what was there then. */
function both({ low, high, at }: Bucket, now: bigint, { cost, rate, tick }: Filling): readonly Taken[] {
  const passed = Number(now - at);
  const mostGained = (passed + (passed > 0 ? tick : 0)) * rate;
  const leastGained = Math.max(0, passed - tick) * rate;
  return [
    { enough: true, left: { low: Math.max(low, cost - mostGained) - cost, high: high - cost, at } },
    { enough: false, left: { low, high: Math.min(high, cost - leastGained), at } },
  ];
}

/** More than so many of which each is possible are not told apart by when they began to fill. */
const MOST_APART = 8;

/** Puts those together that the tick of the clock keeps apart: after two packets in a row it is often all one which of them had to pay. */
export function mergeBuckets(buckets: readonly Bucket[], now: bigint, filling: Filling): readonly Bucket[] {
  if (buckets.length < 2) return buckets;
  const times = [...new Set(buckets.map(({ at }) => at))];
  const merged = times.flatMap((at) =>
    merge(
      buckets.filter((bucket) => bucket.at === at),
      at,
      filling,
    ),
  );
  if (merged.length <= MOST_APART) return merged;
  const contained = buckets.map((bucket): Bucket => {
    const [low, high] = contents(bucket, now, filling);
    return { low, high, at: now };
  });
  return merge(contained, now, filling);
}

/** Puts those together that are next to one another. All are as they were at a time. */
function merge(buckets: readonly Bucket[], at: bigint, { tick, rate }: Filling): Bucket[] {
  const merged: { low: number; high: number; readonly at: bigint }[] = [];
  for (const { low, high } of [...buckets].sort((a, b) => a.low - b.low)) {
    const last = merged.at(-1);
    if (last && low <= last.high + 2 * tick * rate) last.high = Math.max(last.high, high);
    else merged.push({ low, high, at });
  }
  return merged;
}
