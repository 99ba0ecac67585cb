import type { FrameType } from "../model/packet.ts";
import { type LinkType, linkType } from "./link-types.ts";
import { u8, u16, u16le, u32, u32le, u64 } from "./octets.ts";
import type { Origin } from "./records.ts";

/** Reads a number of some octets at an offset, in the byte order of a section. */
export type ReadNumber = (bytes: Uint8Array, offset: number) => number;

const LINK_TYPE = 8;
const SNAP_LENGTH = 12;
/** Where the options of an Interface Description Block start. */
export const INTERFACE_OPTIONS = 16;

const OPTION_HEADER = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const IF_TSOFFSET_LENGTH = 8;

/** The name that libpcap gives to all devices together: it tells no device. */
const ALL_DEVICES = "any";

/** Several times what Linux (15) and Windows use. */
const LONGEST_NAME = 255;

const SECOND = 1_000_000_000n;
const NANOSECOND_DIGITS = 9;
const MICROSECOND_DIGITS = 6;
const BINARY = 0x80;
const EXPONENT = 0x7f;
/** Largest factor by which 32 bits can be multiplied exactly as a number. */
const EXACT_FACTOR = 2 ** 21;
// The years that RFC 3339 can write: 0 to 9999.
const FIRST_TIME = -62_167_219_200n * SECOND;
const LAST_TIME = 253_402_300_800n * SECOND;
const WORD = 2 ** 32;
const LAST_PLAIN = 2n ** 64n - 1n;

/** An interface that a pcapng section describes. */
export interface NgInterface {
  readonly link: LinkType;
  readonly name: string | undefined;
  /** Octets of a packet that are captured at most; 0: all. */
  readonly snapLength: number;
  readonly clock: Clock;
  /** What the records of its packets say, by their type. */
  readonly origins: Map<FrameType | undefined, Origin>;
}

/** Where the value of an option is, or -1; `octets` of options from `start` to `end`, each padded to 32 bits. */
export function findOption(bytes: Uint8Array, start: number, end: number, half: ReadNumber, code: number): number {
  for (let at = start; at + OPTION_HEADER <= end; ) {
    const found = half(bytes, at);
    const length = half(bytes, at + 2);
    if (found === 0 || at + OPTION_HEADER + length > end) return -1;
    if (found === code) return at + OPTION_HEADER;
    at += OPTION_HEADER + padded(length);
  }
  return -1;
}

/** Whether every option up to the end of options lies within its block. */
export function optionsFit(bytes: Uint8Array, start: number, end: number, half: ReadNumber): boolean {
  for (let at = start; at + OPTION_HEADER <= end; ) {
    if (half(bytes, at) === 0) return true;
    at += OPTION_HEADER + padded(half(bytes, at + 2));
    if (at > end) return false;
  }
  return true;
}

/** A length rounded up to 32 bits. */
export function padded(length: number): number {
  return length + (-length & 3);
}

/** Reads the Interface Description Block at `start` whose options end at `end`. */
export function readInterface(bytes: Uint8Array, start: number, end: number, little: boolean): NgInterface {
  const half = little ? u16le : u16;
  const word = little ? u32le : u32;
  const options = start + INTERFACE_OPTIONS;
  const resolution = findOption(bytes, options, end, half, IF_TSRESOL);
  const offset = findOption(bytes, options, end, half, IF_TSOFFSET);
  const known = offset >= 0 && half(bytes, offset - 2) === IF_TSOFFSET_LENGTH;
  return {
    link: linkType(half(bytes, start + LINK_TYPE)),
    name: nameOf(bytes, findOption(bytes, options, end, half, IF_NAME), half),
    snapLength: word(bytes, start + SNAP_LENGTH),
    clock: new Clock(resolution < 0 ? MICROSECOND_DIGITS : u8(bytes, resolution), known ? seconds(bytes, offset, little) : 0n),
    origins: new Map(),
  };
}

function nameOf(bytes: Uint8Array, at: number, half: ReadNumber): string | undefined {
  if (at < 0) return undefined;
  const octets = bytes.subarray(at, at + Math.min(half(bytes, at - 2), LONGEST_NAME));
  const text = new TextDecoder().decode(octets).replace(/\0+$/, "");
  // It is shown on terminals.
  const name = text.replaceAll(/\p{Cc}/gu, "?");
  return name === "" || name === ALL_DEVICES ? undefined : name;
}

function seconds(bytes: Uint8Array, at: number, little: boolean): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(at, little);
}

/** Turns the timestamps of an interface (if_tsresol, if_tsoffset) into nanoseconds since the epoch. */
export class Clock {
  /** Digits of a second that its times have. */
  readonly digits: 6 | 9;
  private readonly ticks: bigint;
  private readonly factor: number;
  private readonly offset: bigint;
  private high = -1;
  private base: bigint | undefined;
  /** The base by its halves, where it has 64 bits. */
  private baseHigh = Number.NaN;
  private baseLow = Number.NaN;

  constructor(resolution: number, offset: bigint) {
    const exponent = resolution & EXPONENT;
    const binary = (resolution & BINARY) !== 0;
    this.ticks = (binary ? 2n : 10n) ** BigInt(exponent);
    this.digits = binary ? (exponent === 0 ? 6 : 9) : exponent <= MICROSECOND_DIGITS ? 6 : 9;
    const factor = 10 ** (NANOSECOND_DIGITS - exponent);
    this.factor = !binary && factor >= 1 && factor <= EXACT_FACTOR ? factor : 0;
    this.offset = offset * SECOND;
  }

  /** The time of a timestamp's halves, unless it lies outside the years 0 to 9999. */
  time(high: number, low: number): bigint | undefined {
    if (this.factor === 0) return this.exact((BigInt(high) << 32n) | BigInt(low));
    if (high !== this.high) {
      this.high = high;
      const first = this.exact(BigInt(high) << 32n);
      const last = this.exact((BigInt(high) << 32n) | 0xffff_ffffn);
      this.base = last === undefined ? undefined : first;
      const isPlain = first !== undefined && first >= 0n && last !== undefined && last <= LAST_PLAIN;
      this.baseHigh = isPlain ? Number(first >> 32n) : Number.NaN;
      this.baseLow = isPlain ? Number(first & 0xffff_ffffn) : Number.NaN;
    }
    if (this.baseLow >= 0) {
      const sum = this.baseLow + low * this.factor;
      return u64(this.baseHigh + Math.floor(sum / WORD), sum);
    }
    return this.base === undefined ? undefined : this.base + BigInt(low * this.factor);
  }

  private exact(ticks: bigint): bigint | undefined {
    const time = (ticks * SECOND) / this.ticks + this.offset;
    return time >= FIRST_TIME && time < LAST_TIME ? time : undefined;
  }
}
