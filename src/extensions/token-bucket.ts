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
  if (least < cost && most >= cost) {
    return [
      { enough: true, left: { low: 0, high: most - cost, at: now } },
      { enough: false, left: { low: least, high: cost, at: now } },
    ];
  }
  const enough = least >= cost;
  const paid = enough ? cost : 0;
  // What overflows is lost; else what was gained counts from where it began, so that no error adds up.
  if (most >= cap) return [{ enough, left: { low: least - paid, high: most - paid, at: now } }];
  return [{ enough, left: { ...before, low: before.low - paid, high: before.high - paid } }];
}

/** Puts those together that the tick of the clock keeps apart: after two packets in a row it is often all one which of them had to pay. */
export function mergeBuckets(buckets: readonly Bucket[], now: bigint, filling: Filling): readonly Bucket[] {
  if (buckets.length < 2) return buckets;
  const spans = buckets.map((bucket) => contents(bucket, now, filling)).sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [low, high] of spans) {
    const last = merged.at(-1);
    if (last && low <= last[1] + 2 * filling.tick * filling.rate) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged.map(([low, high]) => ({ low, high, at: now }));
}
