const SECOND = 1_000_000_000n;
const MILLISECONDS = 1000;

/** Writes nanoseconds since the epoch as RFC 3339 in UTC, with micro- or nanoseconds. */
export function formatTime(ns: bigint, digits: 6 | 9): string {
  const fraction = ((ns % SECOND) + SECOND) % SECOND;
  const seconds = Number((ns - fraction) / SECOND);
  const date = new Date(seconds * MILLISECONDS).toISOString().slice(0, -".000Z".length);
  return `${date}.${fraction.toString().padStart(9, "0").slice(0, digits)}Z`;
}
