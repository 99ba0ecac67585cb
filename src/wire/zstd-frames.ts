import { u32le } from "./octets.ts";

const FRAME_MAGIC = 0xfd2fb528;
/** Sixteen magic numbers, for data of others. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const SINGLE_SEGMENT = 0x20;
const CHECKSUM = 0x04;
const CHECKSUM_SIZE = 4;
const DICTIONARY_SIZES = [0, 1, 2, 4] as const;
const CONTENT_SIZES = [0, 2, 4, 8] as const;
const SMALLEST_WINDOW_LOG = 10;
const RUN_OF_ONE_OCTET = 1;

type Part = "magic" | "skippable" | "descriptor" | "header" | "block" | "other";

/** Walks along the frames of zstd data (RFC 8878), from block to block, for the sake of what their headers ask for before anything is unpacked. */
export class ZstdFrames {
  #part: Part = "magic";
  /** Octets of the part that is being read. */
  #held: number[] = [];
  #wanted = 4;
  /** Octets before the next part. */
  #skip = 0;
  #descriptor = 0;

  /** Takes the next octets; the largest window, in octets, that a frame which begins in them asks for. */
  push(octets: Uint8Array): number {
    let largest = 0;
    for (let at = 0; at < octets.length && this.#part !== "other"; ) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, octets.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      this.#held.push(octets[at++] ?? 0);
      if (this.#held.length < this.#wanted) continue;
      const held = Uint8Array.from(this.#held);
      this.#held = [];
      largest = Math.max(largest, this.#take(held));
    }
    return largest;
  }

  #next(part: Part, wanted: number): void {
    this.#part = part;
    this.#wanted = wanted;
  }

  #take(held: Uint8Array): number {
    const [first = 0, second = 0, third = 0] = held;
    switch (this.#part) {
      case "magic": {
        const magic = u32le(held, 0);
        if (magic === FRAME_MAGIC) this.#next("descriptor", 1);
        else this.#next((magic & SKIPPABLE_MASK) === SKIPPABLE_MAGIC ? "skippable" : "other", 4);
        return 0;
      }
      case "skippable":
        this.#skip = u32le(held, 0);
        this.#next("magic", 4);
        return 0;
      case "descriptor": {
        this.#descriptor = first;
        const size = this.#windowSize + this.#dictionarySize + this.#contentSize;
        this.#next("header", size);
        return 0;
      }
      case "header":
        this.#next("block", 3);
        return this.#windowSize > 0 ? windowOf(first) : contentOf(held.subarray(this.#dictionarySize));
      case "block": {
        const header = first | (second << 8) | (third << 16);
        this.#skip = ((header >> 1) & 3) === RUN_OF_ONE_OCTET ? 1 : header >> 3;
        if (header & 1) {
          this.#skip += this.#descriptor & CHECKSUM ? CHECKSUM_SIZE : 0;
          this.#next("magic", 4);
        }
        return 0;
      }
      case "other":
        return 0;
    }
  }

  get #windowSize(): number {
    return this.#descriptor & SINGLE_SEGMENT ? 0 : 1;
  }

  get #dictionarySize(): number {
    return DICTIONARY_SIZES[(this.#descriptor & 3) as 0 | 1 | 2 | 3];
  }

  get #contentSize(): number {
    const size = CONTENT_SIZES[(this.#descriptor >> 6) as 0 | 1 | 2 | 3];
    return size === 0 && this.#windowSize === 0 ? 1 : size;
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (SMALLEST_WINDOW_LOG + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

// A frame of one segment is its own window.
function contentOf(field: Uint8Array): number {
  const size = field.reduceRight((sum, octet) => sum * 256 + octet, 0);
  return field.length === 2 ? size + 256 : size;
}
