const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;
const MICROSECOND = 1000n;
const NANOSECOND_DIGITS = 9;
const MOST_DIGITS = 12;
const MICROSECOND_DIGITS = 6;
/** Clocks run back a little where packets of several devices are sorted badly; half a day is midnight. */
const MIDNIGHT = DAY / 2n;

/** What the times of a text count from. */
export type TimeBase = "epoch" | "date" | "clock" | "previous" | "none";

/** Nanoseconds since the epoch, of the text's own clock. */
export interface ReadStamp {
  readonly time: bigint;
  readonly base: TimeBase;
  readonly digits: 6 | 9;
}

const DATE = /^(\d{4}-\d\d-\d\d)[ T](-?)(\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/;
const CLOCK = /^(-?)(\d\d):(\d\d):(\d\d)\.(\d+)$/;
const SECONDS = /^(-?)(\d+)\.(\d+)$/;

// More digits than nine are microseconds of a damaged capture, more than a second of them.
function fractionOf(digits: string): bigint {
  if (digits.length > NANOSECOND_DIGITS) return BigInt(digits.slice(0, MOST_DIGITS)) * MICROSECOND;
  return BigInt(digits.padEnd(NANOSECOND_DIGITS, "0"));
}

function clockOf(hours: string, minutes: string, seconds: string, fraction: string): bigint {
  return (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * SECOND + fractionOf(fraction);
}

function digitsOf(fraction: string): 6 | 9 {
  return fraction.length > MICROSECOND_DIGITS && fraction.length <= NANOSECOND_DIGITS ? 9 : 6;
}

/** Reads the time of one line (print.c and util-print.c, ts_print). */
export function readStamp(text: string | undefined): ReadStamp {
  const date = DATE.exec(text ?? "");
  if (date) {
    const [, day = "", , hours = "", minutes = "", seconds = "", fraction = ""] = date;
    const start = Date.parse(`${day}T00:00:00Z`);
    const time = BigInt(Number.isNaN(start) ? 0 : start) * 1_000_000n + clockOf(hours, minutes, seconds, fraction || "0");
    return { time, base: "date", digits: digitsOf(fraction) };
  }
  const clock = CLOCK.exec(text ?? "");
  if (clock) {
    const [, sign, hours = "", minutes = "", seconds = "", fraction = ""] = clock;
    const time = clockOf(hours, minutes, seconds, fraction);
    return { time: sign ? -time : time, base: "clock", digits: digitsOf(fraction) };
  }
  const since = SECONDS.exec(text ?? "");
  if (since) {
    const [, sign, whole = "", fraction = ""] = since;
    const time = BigInt(whole.slice(0, MOST_DIGITS)) * SECOND + fractionOf(fraction);
    return { time: sign ? -time : time, base: "epoch", digits: digitsOf(fraction) };
  }
  return { time: 0n, base: "none", digits: 6 };
}

/** The beginning of the day that a time lies in, UTC. */
export function dayOf(time: bigint): bigint {
  return time - (((time % DAY) + DAY) % DAY);
}

/** Puts the times of a text in a row: a clock without a date goes past midnight, and `-ttt` adds up. */
export class Clock {
  #last: ReadStamp | undefined;
  #offset = 0n;
  #now = 0n;
  readonly #day: bigint;

  /** `day` is when a clock without a date begins. */
  constructor(day: bigint) {
    this.#day = day;
  }

  /** The time of the next line, and what it counts from; `adds` says that the times are those since the line before. */
  take(stamp: ReadStamp, adds: boolean): { readonly time: bigint; readonly base: TimeBase } {
    if (stamp.base === "none") return { time: this.#last ? this.#now : this.#day, base: this.#last?.base ?? "none" };
    if (stamp.base === "clock" && adds) {
      this.#now += stamp.time;
      return { time: this.#day + (this.#now < 0n ? 0n : this.#now), base: "previous" };
    }
    if (stamp.base === "clock" && this.#last && this.#last.time - stamp.time > MIDNIGHT) this.#offset += DAY;
    this.#last = stamp;
    this.#now = stamp.time + this.#offset + (stamp.base === "clock" ? this.#day : 0n);
    return { time: this.#now, base: stamp.base };
  }
}
