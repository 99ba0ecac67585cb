import { closeSync, openSync, writeSync } from "node:fs";

/** Container formats that captures are written in. */
export type Format = "pcap" | "pcapng";

/** Where on the host a frame was seen, as LINUX_SLL2 says it. */
export interface Seen {
  readonly index: number;
  readonly mac: number;
  readonly outgoing: boolean;
}

const LINUX_SLL2 = 276;
const SLL2_HEADER = 20;
const ETHERTYPE_IPV4 = 0x0800;
const ARPHRD_ETHER = 1;
const TYPE_HOST = 0;
const TYPE_OUTGOING = 4;
const SNAPLEN = 262_144;
const BUFFER = 4 << 20;
const LONGEST = 2048;
const ENHANCED_PACKET = 6;

/** Writes a capture of all devices, as `tcpdump -i any` makes it. */
export class CaptureFile {
  readonly #file: number;
  readonly #pcapng: boolean;
  readonly #buffer = Buffer.alloc(BUFFER);
  #used = 0;
  /** Frames written so far. */
  frames = 0;

  constructor(path: string, format: Format) {
    this.#file = openSync(path, "w");
    this.#pcapng = format === "pcapng";
    for (const word of this.#pcapng ? pcapngHead() : pcapHead()) this.#used = this.#buffer.writeUInt32LE(word, this.#used);
  }

  /** Adds a frame; `write` puts the IP packet into the buffer and gives back its length. Times are microseconds of the epoch. */
  add(time: number, seen: Seen, write: (to: Buffer, at: number) => number): void {
    if (BUFFER - this.#used < LONGEST) this.#flush();
    const to = this.#buffer;
    const start = this.#used;
    const frame = start + (this.#pcapng ? 28 : 16);
    to.writeUInt16BE(ETHERTYPE_IPV4, frame);
    to.writeUInt16BE(0, frame + 2);
    to.writeUInt32BE(seen.index, frame + 4);
    to.writeUInt16BE(ARPHRD_ETHER, frame + 8);
    to[frame + 10] = seen.outgoing ? TYPE_OUTGOING : TYPE_HOST;
    to[frame + 11] = 6;
    to.writeUIntBE(seen.mac, frame + 12, 6);
    to.writeUInt16BE(0, frame + 18);
    const length = SLL2_HEADER + write(to, frame + SLL2_HEADER);
    this.#used = this.#pcapng ? this.#block(start, time, length) : this.#record(start, time, length);
    this.frames++;
  }

  /** Writes what is left. */
  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #record(start: number, time: number, length: number): number {
    const to = this.#buffer;
    to.writeUInt32LE(Math.floor(time / 1e6), start);
    to.writeUInt32LE(time % 1e6, start + 4);
    to.writeUInt32LE(length, start + 8);
    to.writeUInt32LE(length, start + 12);
    return start + 16 + length;
  }

  #block(start: number, time: number, length: number): number {
    const to = this.#buffer;
    const padded = (length + 3) & ~3;
    const whole = 32 + padded;
    to.writeUInt32LE(ENHANCED_PACKET, start);
    to.writeUInt32LE(whole, start + 4);
    to.writeUInt32LE(0, start + 8);
    to.writeUInt32LE(Math.floor(time / 0x1_0000_0000), start + 12);
    to.writeUInt32LE(time % 0x1_0000_0000, start + 16);
    to.writeUInt32LE(length, start + 20);
    to.writeUInt32LE(length, start + 24);
    to.fill(0, start + 28 + length, start + 28 + padded);
    return to.writeUInt32LE(whole, start + 28 + padded);
  }

  #flush(): void {
    for (let at = 0; at < this.#used; ) at += writeSync(this.#file, this.#buffer, at, this.#used - at);
    this.#used = 0;
  }
}

function pcapHead(): number[] {
  return [0xa1b2c3d4, 0x0004_0002, 0, 0, SNAPLEN, LINUX_SLL2];
}

/** A section header of unknown length, and one interface whose times are microseconds. */
function pcapngHead(): number[] {
  const section = [0x0a0d0d0a, 28, 0x1a2b3c4d, 0x0000_0001, 0xffff_ffff, 0xffff_ffff, 28];
  return [...section, 1, 20, LINUX_SLL2, SNAPLEN, 20];
}
