import type { Records } from "./records.ts";

/** What is kept of a packet holds at most so much, or the packet itself, of the capture in memory. */
export const PAGE = 1 << 14;

/** Octets of a capture that hold some records in a row, and where they begin in what the records tell of. */
export interface Page {
  readonly bytes: Uint8Array;
  readonly from: number;
  /** The index of the record behind the last one on it. */
  readonly next: number;
}

/** Copies records from one on, as many as fit into `most` octets: their packets may be held for long, and views would hold the whole chunk that was read. */
export function pageOf({ bytes, starts, captured, length }: Records, index: number, most: number): Page {
  const from = starts[index] ?? 0;
  let end = from + (captured[index] ?? 0);
  let next = index + 1;
  for (; next < length; next++) {
    const behind = (starts[next] ?? 0) + (captured[next] ?? 0);
    if (behind - from > most) break;
    end = behind;
  }
  return { bytes: bytes.slice(from, end), from, next };
}
