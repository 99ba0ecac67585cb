import { number, parseNumber, word } from "../codecs.ts";
import { type Args, match, type PacketContext } from "../spec.ts";

/** Ten-thousandths of a second per packet: XT_LIMIT_SCALE. */
const SCALE = 10_000;
const UNITS = [
  { name: "day", seconds: 86_400 },
  { name: "hour", seconds: 3600 },
  { name: "min", seconds: 60 },
  { name: "sec", seconds: 1 },
] as const;
const DEFAULT_PERIOD = (SCALE * 3600) / 3;
const DEFAULT_BURST = 5;

/** Credits per second: HZ times CREDITS_PER_JIFFY of xt_limit.c, the same for HZ 1000 and 250. */
const CREDITS = 32_000;

function parseRate(text: string): number | undefined {
  const [amount = "", unit = "sec", ...rest] = text.split("/");
  const rate = parseNumber(amount, 1);
  const found = ["second", "minute", "hour", "day"].findIndex((name) => unit !== "" && name.startsWith(unit.toLowerCase()));
  const seconds = [1, 60, 3600, 86_400][found];
  if (rest.length > 0 || rate === undefined || seconds === undefined || rate > SCALE * seconds) return undefined;
  return Math.floor((SCALE * seconds) / rate);
}

/** The unit in which a period is printed (libxt_limit.c, print_rate). */
function rateOf(period: number): { readonly amount: number; readonly unit: string; readonly seconds: number } {
  let chosen: (typeof UNITS)[number] = UNITS[0];
  for (const unit of UNITS.slice(1)) {
    const scaled = unit.seconds * SCALE;
    if (period > scaled || Math.floor(scaled / period) < scaled % period) break;
    chosen = unit;
  }
  return { amount: Math.floor((chosen.seconds * SCALE) / period), unit: chosen.name, seconds: chosen.seconds };
}

const RATE = word("a rate: number/second, /minute, /hour or /day", parseRate, (period) => {
  const { amount, unit } = rateOf(period);
  return `${amount}/${unit}`;
});

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

/** xt_limit.c, user2credits: 32 bits, and divided first where the product would overflow. */
export function credits(user: number): number {
  const value = user >>> 0;
  if (value > Math.floor(0xffffffff / CREDITS)) return Math.imul(Math.floor(value / SCALE), CREDITS) >>> 0;
  return Math.floor(((value * CREDITS) % 2 ** 32) / SCALE);
}

interface Bucket {
  readonly at: number;
  readonly credit: number;
}

/** xt_limit.c, limit_mt: one credit bucket per rule, filled by the jiffy (here HZ is 1000). */
function legacy(context: PacketContext, period: number, burst: number): boolean {
  const cap = credits(Math.imul(period, burst));
  const cost = credits(period);
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
    const refused = burst === 0 || credits(Math.imul(period, burst)) < credits(period);
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
