const SECOND = 1_000_000_000n;
const MILLISECONDS = 1000;
const NANOSECONDS = 1_000_000_000;
const NANOSECONDS_OF_MICROSECOND = 1000;

/** Writes nanoseconds since the epoch as RFC 3339 in UTC, with micro- or nanoseconds. */
export function formatTime(ns: bigint, digits: 6 | 9): string {
  return new TimeText().text(ns, digits);
}

/** Writes times that are mostly of the same second as the one before. */
export class TimeText {
  #second = 0n;
  #date = "1970-01-01T00:00:00.";

  /** Nanoseconds since the epoch as RFC 3339 in UTC, with micro- or nanoseconds. */
  text(ns: bigint, digits: 6 | 9): string {
    let fraction = Number(ns - this.#second);
    if (fraction < 0 || fraction >= NANOSECONDS) {
      fraction = Number(((ns % SECOND) + SECOND) % SECOND);
      this.#second = ns - BigInt(fraction);
      this.#date = new Date(Number(this.#second / SECOND) * MILLISECONDS).toISOString().slice(0, -"000Z".length);
    }
    // The one before makes them as many digits as there must be.
    if (digits === 9) return `${this.#date}${`${NANOSECONDS + fraction}`.slice(1)}Z`;
    const micros = Math.floor(fraction / NANOSECONDS_OF_MICROSECOND);
    return `${this.#date}${`${NANOSECONDS / NANOSECONDS_OF_MICROSECOND + micros}`.slice(1)}Z`;
  }
}
