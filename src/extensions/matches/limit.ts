import { number } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { CREDITS, limitCredits, RATE, rateOf } from "../limit-rate.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { aTickLater, type Bucket, type Filling, fullBucket, mergeBuckets, takeFrom } from "../token-bucket.ts";

const DEFAULT_PERIOD = (10_000 * 3600) / 3;
const DEFAULT_BURST = 5;

const options = {
  rate: { flag: "--limit", codec: RATE },
  burst: { flag: "--limit-burst", codec: number(0, 10_000) },
} as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return {
    rate: args.rate ?? { value: DEFAULT_PERIOD, not: false },
    burst: args.burst?.value === DEFAULT_BURST ? undefined : args.burst,
  };
}

function numbersOf(args: Args<typeof options>): { readonly period: number; readonly burst: number } {
  return { period: args.rate?.value ?? DEFAULT_PERIOD, burst: args.burst?.value ?? DEFAULT_BURST };
}

/** Slowest ticks of a kernel (HZ is 100), and what the capture's clock may be off. */
const JIFFY = 10_000_000;
const CLOCK = 1_000_000;

/** xt_limit.c, limit_mt: one credit bucket per rule, filled by the jiffy. */
function legacy(period: number, burst: number): Filling {
  return { cap: limitCredits(Math.imul(period, burst)), cost: limitCredits(period), rate: CREDITS / 1e9, tick: JIFFY };
}

/** iptables-nft makes it an nft limit, which counts in nanoseconds (nft_limit.c, nft_limit_eval). */
function nft(period: number, burst: number): Filling {
  const { amount, seconds } = rateOf(period);
  const cost = Math.floor((seconds * 1e9) / amount);
  return { cap: cost * burst, cost, rate: 1, tick: CLOCK };
}

/** What a rule's bucket may hold, when it was last asked, and whether the ticks since then are allowed for already. */
interface Kept {
  readonly buckets: readonly Bucket[];
  readonly at: bigint;
  readonly ticked: boolean;
}

function evaluate({ cells, ruleKey, time }: PacketContext, filling: Filling): MatchResult {
  const key = `limit:${ruleKey}`;
  const kept = cells.get<Kept>(key) ?? { buckets: [fullBucket(filling, time)], at: time - 1n, ticked: false };
  // A packet that comes round to the rule again has one time here, but took some to go round.
  const isAgain = kept.at === time;
  const before = isAgain && !kept.ticked ? kept.buckets.map((bucket) => aTickLater(bucket, filling)) : kept.buckets;
  const taken = before.flatMap((bucket) => takeFrom(bucket, time, filling));
  const left = taken.map((one) => one.left);
  cells.set<Kept>(key, { buckets: mergeBuckets(left, time, filling), at: time, ticked: isAgain });
  const verdicts = new Set(taken.map(({ enough }) => enough));
  if (verdicts.size > 1) return { unknown: "how the kernel's clock ticked, as the limit was just about to let another packet through" };
  return verdicts.has(true);
}

const limit = match({
  name: "limit",
  shared: true,
  options,
  canonical,
  check: (args, backend) => {
    if (backend === "nft") return undefined;
    const { period, burst } = numbersOf(args);
    const refused = burst === 0 || limitCredits(Math.imul(period, burst)) < limitCredits(period);
    return refused ? "the kernel refuses this limit: rate and burst overflow its 32 bits" : undefined;
  },
  explain: (args) => {
    const { period, burst } = numbersOf(args);
    const { amount, unit } = rateOf(period);
    return `limit of ${amount} per ${{ sec: "second", min: "minute" }[unit] ?? unit}, burst ${burst}`;
  },
  compile: (args) => {
    const { period, burst } = numbersOf(args);
    const filling = { legacy: legacy(period, burst), nft: nft(period, burst) };
    return (context) => evaluate(context, filling[context.backend]);
  },
  draw: (d) => {
    const rate = d.pick(["1/sec", "3/min", "10/min", "5/hour", "20/day", "10000/sec"]);
    return `-m limit --limit ${rate}${maybe(d, 2, `--limit-burst ${d.integer(1, 4)}`)}`;
  },
  forks: "at the very edge of the limit, how the kernel's clock ticked",
  doc: "At most so many packets per time, after a burst; the first packet finds the burst unused.",
  examples: [
    { rule: "-m limit --limit 90/minute", saved: "-m limit --limit 90/min", says: "limit of 90 per minute, burst 5" },
    {
      rule: "-m limit --limit-burst 1 --limit 1/s",
      saved: "-m limit --limit 1/sec --limit-burst 1",
      says: "limit of 1 per second, burst 1",
    },
    { rule: "-m limit", saved: "-m limit --limit 3/hour", says: "limit of 3 per hour, burst 5" },
  ],
});

export const specs = [limit];
