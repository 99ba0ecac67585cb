import type { CapturedRecord } from "./records.ts";

/** What is kept of a packet holds at most so much, or the packet itself, of the capture in memory. */
const PAGE = 1 << 14;

/** Octets of a capture that hold some records in a row, and where they begin in what the records tell of. */
export interface Page {
  readonly bytes: Uint8Array;
  readonly from: number;
  /** The index of the record behind the last one on it. */
  readonly next: number;
}

/** Copies records from one on, as many as fit: their packets may be held for long, and views would hold the whole chunk that was read. */
export function pageOf(records: readonly CapturedRecord[], first: CapturedRecord, index: number): Page {
  const { bytes, start: from } = first;
  let end = from + first.captured;
  let next = index + 1;
  for (; next < records.length; next++) {
    const record = records[next];
    if (record?.bytes !== bytes || record.start + record.captured - from > PAGE) break;
    end = record.start + record.captured;
  }
  return { bytes: bytes.slice(from, end), from, next };
}
