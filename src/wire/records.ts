import type { FrameType } from "../model/packet.ts";
import type { LinkType } from "./link-types.ts";

/** A packet record of a capture: where in `bytes` its octets are and what the record says of them. */
export interface CapturedRecord {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly captured: number;
  readonly length: number;
  readonly link: LinkType;
  readonly interfaceIndex?: number;
  readonly interfaceName?: string | undefined;
  readonly type?: FrameType | undefined;
  /** The record does not say when: its time is that of the one before. */
  readonly untimed?: true | undefined;
}

/** What is wrong with a capture: "input" when nothing of it can be read, "damaged" when it breaks off. */
export interface Fault {
  readonly broken: "input" | "damaged";
  /** Octet of the file. */
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** Finds the records of one capture in pieces of it. */
export interface Scanner {
  /** Octets that must be at hand before `scan` gets any further. */
  readonly needed: number;
  /** Digits of a second that its times have. */
  readonly digits: 6 | 9;
  /** Several interfaces are described, whose packets need not be in the order of their times. */
  readonly several?: boolean;
  /** Set once nothing more can be read. */
  readonly fault?: Fault | undefined;
  /** Appends the whole records from `from` on, `limit` at most, and returns where it stopped; `position` is the place of bytes[0] in the file. */
  scan(bytes: Uint8Array, from: number, position: number, records: CapturedRecord[], limit: number): number;
  /** What is wrong with a file that ends at octet `end` with `left` octets unread; undefined when nothing is. */
  atEnd(left: number, end: number): Fault | undefined;
}

/** A capture file format. */
export interface CaptureFormat {
  readonly name: string;
  /** Whether a file that starts with these (at least 4) octets is one. */
  recognises(head: Uint8Array): boolean;
  open(): Scanner;
}
