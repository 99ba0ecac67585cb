/** What is left in a bucket: so much at a time, and what was gained since then. */
export interface Bucket {
  readonly credit: number;
  readonly at: bigint;
  /** A packet of that time may or may not have been let through. */
  readonly doubtful?: true;
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

/**
 * Takes a packet's cost out of a bucket (xt_limit.c, limit_mt; nft_limit.c, nft_limit_eval). Undefined when it depends on the tick of
 * the kernel's clock whether there is enough.
 */
export function takeFrom(
  before: Bucket,
  now: bigint,
  { cap, cost, rate, tick }: Filling,
): { readonly enough: boolean | undefined; readonly left: Bucket } {
  const passed = Number(now - before.at);
  const least = Math.min(cap, (before.doubtful ? 0 : before.credit) + Math.max(0, passed - tick) * rate);
  const most = Math.min(cap, before.credit + (passed + (passed > 0 ? tick : 0)) * rate);
  const enough = least >= cost === most >= cost ? most >= cost : undefined;
  if (enough === undefined) return { enough, left: { credit: most, at: now, doubtful: true } };
  const paid = enough ? cost : 0;
  // A full bucket begins anew; else what was gained counts from where it began, so that no error adds up.
  if (least >= cap) return { enough, left: { credit: cap - paid, at: now } };
  return { enough, left: { ...before, credit: before.credit - paid } };
}
