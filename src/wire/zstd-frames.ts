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

const COMPRESSED = 2;
const LITERALS_HEADERS = [3, 3, 4, 5] as const;
/** Header of the literals, and a Huffman tree whose weights are themselves compressed. */
const LONGEST_TREE = 5 + 1 + 127;

type Part = "magic" | "skippable" | "descriptor" | "header" | "block" | "literals" | "other";

/** Walks along the frames of zstd data (RFC 8878), from block to block, for the sake of what their headers ask for before anything is unpacked. */
export class ZstdFrames {
  #part: Part = "magic";
  /** Octets of the part that is being read. */
  #held: number[] = [];
  #wanted = 4;
  /** Octets before the next part. */
  #skip = 0;
  #descriptor = 0;
  #afterBlock = 0;
  #lastBlock = false;
  /** Whether a Huffman tree would never come to its end: fzstd has no limit there. */
  endless = false;

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

  #endBlock(): void {
    this.#skip = this.#afterBlock + (this.#lastBlock && this.#descriptor & CHECKSUM ? CHECKSUM_SIZE : 0);
    if (this.#lastBlock) this.#next("magic", 4);
    else this.#next("block", 3);
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
        const [type, size] = [(header >> 1) & 3, header >> 3];
        this.#lastBlock = (header & 1) === 1;
        this.#afterBlock = type === RUN_OF_ONE_OCTET ? 1 : size;
        if (type !== COMPRESSED || size === 0) this.#endBlock();
        else {
          this.#next("literals", Math.min(size, LONGEST_TREE));
          this.#afterBlock -= this.#wanted;
        }
        return 0;
      }
      case "literals":
        this.endless ||= hasEndlessTree(held);
        this.#endBlock();
        return 0;
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

/** Whether the weights of a block's Huffman tree are coded by a table of one symbol, for which no bit is ever read. */
function hasEndlessTree(block: Uint8Array): boolean {
  const first = block[0] ?? 0;
  const tree = LITERALS_HEADERS[((first >> 2) & 3) as 0 | 1 | 2 | 3];
  const isCompressed = (first & 3) === COMPRESSED && (block[tree] ?? 0) < 128;
  return isCompressed && hasOneSymbol(block.subarray(tree + 1));
}

// RFC 8878, 4.1.1: how the probabilities of a table are written.
function hasOneSymbol(table: Uint8Array): boolean {
  let at = 4;
  const peek = (count: number) => (u32le(table, at >> 3) >>> (at & 7)) & ((1 << count) - 1);
  const size = 1 << (((table[0] ?? 0) & 15) + 5);
  let left = size;
  for (let symbol = 0; symbol < 256 && left > 0; symbol++) {
    const bits = 31 - Math.clz32(left + 1);
    const spare = 2 ** (bits + 1) - left - 2;
    const short = peek(bits);
    const long = peek(bits + 1);
    const value = short < spare ? short : long >= 2 ** bits ? long - spare : long;
    at += short < spare ? bits : bits + 1;
    const probability = value - 1;
    if (probability === size) return true;
    left -= Math.abs(probability);
    if (probability !== 0) continue;
    for (let more = 3; more === 3 && symbol < 256; symbol += more) {
      more = peek(2);
      at += 2;
    }
  }
  return false;
}
