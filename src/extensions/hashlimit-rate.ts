/** Millionths of a second per packet: XT_HASHLIMIT_SCALE_v2. */
const SCALE = 1_000_000n;
const ALL = 0xffffffffn;
/** Octets are counted in pieces of 16: XT_HASHLIMIT_BYTE_SHIFT. */
const SHIFT = 4n;

const UNITS = [
  { name: "day", seconds: 86_400n },
  { name: "hour", seconds: 3600n },
  { name: "min", seconds: 60n },
  { name: "sec", seconds: 1n },
] as const;

const SIZES = [
  { name: "m", octets: 1024n * 1024n },
  { name: "k", octets: 1024n },
  { name: "", octets: 1n },
] as const;

/** A rate as the kernel gets it: the time that a packet costs, or, for octets, what 16 of them cost. */
export interface HashRate {
  readonly octets: boolean;
  readonly average: bigint;
  /** Seconds of the unit that it was written in. */
  readonly unit: number;
}

/** What 16 octets cost at so many a second (libxt_hashlimit.c, bytes_to_cost). */
function costOf(octets: bigint): bigint {
  return ALL / (BigInt.asUintN(32, octets >> SHIFT) + 1n);
}

/** Octets a second at that cost (cost_to_bytes, and user2rate_bytes of xt_hashlimit.c). */
export function octetsOf(cost: bigint): bigint {
  return BigInt.asUintN(64, ((cost === 0n ? ALL : ALL / cost) - 1n) << SHIFT);
}

function leadingNumber(text: string): bigint {
  return BigInt(/^\s*(\d+)/.exec(text)?.[1] ?? 0);
}

/** Reads "10/min", "5" (a second), "100kb/s". */
export function parseHashRate(text: string): HashRate | undefined {
  const amount = leadingNumber(text);
  if (amount === 0n) return undefined;
  const bytes = text.indexOf("b/s");
  if (bytes > 0) {
    const factor = SIZES.find(({ name }) => name !== "" && name === text[bytes - 1])?.octets ?? 1n;
    const average = costOf(amount * factor);
    return average === 0n ? undefined : { octets: true, average, unit: 15 };
  }
  const slash = text.indexOf("/");
  const word = slash < 0 ? "second" : text.slice(slash + 1).toLowerCase();
  const index = ["day", "hour", "minute", "second"].findIndex((name) => word !== "" && name.startsWith(word));
  const unit = UNITS[index];
  const average = unit && (SCALE * unit.seconds) / amount;
  return average ? { octets: false, average, unit: Number(unit.seconds) } : undefined;
}

function unitOf(period: bigint): (typeof UNITS)[number] {
  let chosen: (typeof UNITS)[number] = UNITS[0];
  for (const unit of UNITS.slice(1)) {
    const scaled = unit.seconds * SCALE;
    if (period > scaled || scaled / period < scaled % period) break;
    chosen = unit;
  }
  return chosen;
}

/** "10/min" or "100kb/s" (libxt_hashlimit.c, print_rate and print_bytes). */
export function hashRateText({ octets, average }: HashRate): string {
  if (!octets) {
    const { name, seconds } = unitOf(average);
    return `${(seconds * SCALE) / average}/${name}`;
  }
  const rate = octetsOf(average);
  const exact = SIZES.slice(0, 2).find((size) => rate >= size.octets && costOf(rate & ~(size.octets - 1n)) === average);
  const size = exact ?? SIZES[2];
  return `${rate / size.octets}${size.name}b/s`;
}

/** "400kb": a burst in octets, rounded down to its unit (print_bytes). */
export function octetsText(octets: bigint): string {
  const size = SIZES.slice(0, 2).find((one) => octets >= one.octets) ?? SIZES[2];
  return `${octets / size.octets}${size.name}b`;
}

/** Reads a burst: a number of packets, or with k and m one of octets (parse_burst). */
export function parseBurst(text: string): bigint | undefined {
  const found = /^(0[xX][0-9a-fA-F]+|\d+)(.*)$/s.exec(text);
  if (!found) return undefined;
  const digits = found[1] ?? "";
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  const suffix = found[2] ?? "";
  if (value < 1n || value >= 2n ** 64n || (suffix === "" && value > 1_000_000n)) return undefined;
  const burst = value * (SIZES.find(({ name }) => name !== "" && name === suffix[0])?.octets ?? 1n);
  return burst < 2n ** 64n ? burst : undefined;
}

/** How long an idle entry is kept if nothing else is said, in milliseconds: the unit in which the rate is printed. */
export function printedExpiry({ octets, average }: HashRate, burst: boolean): number {
  if (octets) return burst ? 60_000 : 15_000;
  return Number(unitOf(average).seconds) * 1000;
}
