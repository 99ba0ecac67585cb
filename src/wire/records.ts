import type { FrameType } from "../model/packet.ts";
import type { LinkType } from "./link-types.ts";
import { NO_OCTETS, u64 } from "./octets.ts";

/** What packet records say that many others say as well. */
export interface Origin {
  readonly link: LinkType;
  readonly interfaceIndex?: number;
  readonly interfaceName?: string | undefined;
  readonly type?: FrameType | undefined;
  /** The record does not say when: its time is that of the one before. */
  readonly untimed?: true | undefined;
}

const MOST = 256;

/** Packet records of a capture in a row, in columns that are used for the next ones again: where in `bytes` their octets are and what they say of them. */
export class Records {
  /** What the records lie in. */
  bytes: Uint8Array = NO_OCTETS;
  /** The same, to read numbers. */
  words: DataView = new DataView(NO_OCTETS.buffer);
  length = 0;
  readonly starts = new Uint32Array(MOST);
  readonly captured = new Uint32Array(MOST);
  readonly lengths = new Uint32Array(MOST);
  readonly #times = new Array<bigint | undefined>(MOST).fill(undefined);
  readonly #high = new Uint32Array(MOST);
  readonly #low = new Uint32Array(MOST);
  readonly origins: (Origin | undefined)[] = new Array<Origin | undefined>(MOST).fill(undefined);

  get isFull(): boolean {
    return this.length === MOST;
  }

  /** Begins anew, with records that lie in these octets. */
  begin(bytes: Uint8Array): void {
    this.length = 0;
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Adds one, of which `timed` or `timedBy` then says when it was; there has to be room for it. Gives back its index. */
  add(start: number, captured: number, length: number, origin: Origin): number {
    const index = this.length++;
    this.starts[index] = start;
    this.captured[index] = captured;
    this.lengths[index] = length;
    this.origins[index] = origin;
    return index;
  }

  /** A record's time in nanoseconds since the epoch. */
  timed(index: number, time: bigint): void {
    this.#times[index] = time;
  }

  /** The same by its halves, of which only the lower 32 bits count. */
  timedBy(index: number, high: number, low: number): void {
    this.#times[index] = undefined;
    this.#high[index] = high;
    this.#low[index] = low;
  }

  /** Nanoseconds since the epoch: a bigint is an object, which is only made of what somebody asks for. */
  time(index: number): bigint {
    const time = this.#times[index] ?? u64(this.#high[index] ?? 0, this.#low[index] ?? 0);
    this.#times[index] = time;
    return time;
  }
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
  /** Adds the whole records of `records.bytes` from `from` on, until there is no more room, and returns where it stopped; `position` is the place of bytes[0] in the file. */
  scan(records: Records, from: number, position: number): number;
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
