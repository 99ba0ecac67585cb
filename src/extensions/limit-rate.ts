import { word } from "./codecs.ts";

/** Ten-thousandths of a second per packet: XT_LIMIT_SCALE. */
const SCALE = 10_000;
const UNITS = [
  { name: "day", seconds: 86_400 },
  { name: "hour", seconds: 3600 },
  { name: "min", seconds: 60 },
  { name: "sec", seconds: 1 },
] as const;

/** Credits per second: HZ times CREDITS_PER_JIFFY of xt_limit.c, the same for HZ 1000 and 250. */
export const CREDITS = 32_000;

function parseRate(text: string): number | undefined {
  const [amount = "", unit = "sec", ...rest] = text.split("/");
  // atoi: no octal, no hexadecimal (libxt_limit.c, parse_rate).
  const rate = /^0*[1-9]\d{0,9}$/.test(amount) ? Number(amount) : undefined;
  const found = ["second", "minute", "hour", "day"].findIndex((name) => unit !== "" && name.startsWith(unit.toLowerCase()));
  const seconds = [1, 60, 3600, 86_400][found];
  if (rest.length > 0 || rate === undefined || seconds === undefined || rate > SCALE * seconds) return undefined;
  return Math.floor((SCALE * seconds) / rate);
}

/** The unit in which a period is printed (libxt_limit.c, print_rate). */
export function rateOf(period: number): { readonly amount: number; readonly unit: string; readonly seconds: number } {
  let chosen: (typeof UNITS)[number] = UNITS[0];
  for (const unit of UNITS.slice(1)) {
    const scaled = unit.seconds * SCALE;
    if (period > scaled || Math.floor(scaled / period) < scaled % period) break;
    chosen = unit;
  }
  return { amount: Math.floor((chosen.seconds * SCALE) / period), unit: chosen.name, seconds: chosen.seconds };
}

/** `--limit`, kept as the period that the kernel gets. */
export const RATE = word("a rate: number/second, /minute, /hour or /day", parseRate, (period) => {
  const { amount, unit } = rateOf(period);
  return `${amount}/${unit}`;
});

/** xt_limit.c, user2credits: 32 bits, and divided first where the product would overflow. */
export function limitCredits(user: number): number {
  const value = user >>> 0;
  if (value > Math.floor(0xffffffff / CREDITS)) return Math.imul(Math.floor(value / SCALE), CREDITS) >>> 0;
  return Math.floor(((value * CREDITS) % 2 ** 32) / SCALE);
}
