import { number } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { CREDITS, limitCredits, RATE, rateOf } from "../limit-rate.ts";
import { type Args, match, type PacketContext } from "../spec.ts";

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

interface Bucket {
  readonly at: number;
  readonly credit: number;
}

/** xt_limit.c, limit_mt: one credit bucket per rule, filled by the jiffy (here HZ is 1000). */
function legacy(context: PacketContext, period: number, burst: number): boolean {
  const cap = limitCredits(Math.imul(period, burst));
  const cost = limitCredits(period);
  const now = Number(context.time / 1_000_000n);
  const key = `limit:${context.ruleKey}`;
  const before = context.cells.get<Bucket>(key) ?? { at: now, credit: cap };
  const gained = ((now - before.at) * (CREDITS / 1000)) % 2 ** 32;
  const credit = Math.min((before.credit + gained) >>> 0, cap);
  const matched = credit >= cost;
  context.cells.set<Bucket>(key, { at: now, credit: matched ? credit - cost : credit });
  return matched;
}

/** iptables-nft makes it an nft limit, which counts in nanoseconds (nft_limit.c, nft_limit_eval). */
function nft(context: PacketContext, period: number, burst: number): boolean {
  const { amount, seconds } = rateOf(period);
  const cost = Math.floor((seconds * 1e9) / amount);
  const cap = cost * burst;
  const key = `limit:${context.ruleKey}`;
  const before = context.cells.get<{ readonly at: bigint; readonly credit: number }>(key) ?? { at: context.time, credit: cap };
  const tokens = Math.min(before.credit + Number(context.time - before.at), cap);
  const matched = tokens >= cost;
  context.cells.set(key, { at: context.time, credit: matched ? tokens - cost : tokens });
  return matched;
}

const limit = match({
  name: "limit",
  options,
  canonical,
  check: (args) => {
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
    return (context) => (context.backend === "nft" ? nft(context, period, burst) : legacy(context, period, burst));
  },
  draw: (d) => {
    const rate = d.pick(["1/sec", "3/min", "10/min", "5/hour", "20/day", "100/sec", "10000/sec"]);
    return `-m limit --limit ${rate}${maybe(d, 2, `--limit-burst ${d.integer(1, 4)}`)}`;
  },
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
