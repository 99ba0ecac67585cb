import type { FrameType } from "../model/packet.ts";
import { NO_OCTETS, u16, u16le, u32, u32le } from "./octets.ts";
import { findOption, INTERFACE_OPTIONS, type NgInterface, optionsFit, padded, readInterface } from "./pcapng-interface.ts";
import type { CaptureFormat, Fault, Origin, Records, Scanner } from "./records.ts";

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const LEAST_LENGTH: ReadonlyMap<number, number> = new Map([
  [SECTION, 28],
  [INTERFACE, 20],
  [PACKET, 32],
  [SIMPLE_PACKET, 16],
  [ENHANCED_PACKET, 32],
]);

const LENGTH = 4;
const BODY = 8;
const TRAILER = 4;
const SMALLEST_BLOCK = 12;
/** libpcap sf-pcapng.c, MAX_BLOCKSIZE: a longer block that has to be at hand as a whole is damage. */
const LONGEST_BLOCK = 1 << 24;

/** Descriptions are held until the section ends, and take more than the octets they are read from. */
const MOST_INTERFACES = 1 << 16;

const ORDER_MAGIC = 0x1a2b3c4d;
const MAJOR = 12;
const MINOR = 14;
const SECTION_OPTIONS = 24;
const CURRENT_MAJOR = 1;
// 1.2 is what some programs wrote for 1.0.
const MINORS: ReadonlySet<number> = new Set([0, 2]);

const TIME_HIGH = 12;
const TIME_LOW = 16;
const CAPTURED = 20;
const ORIGINAL = 24;
const DATA = 28;
const SIMPLE_DATA = 12;

const FLAGS = 2;
const OUTBOUND = 2;
const DIRECTION = 3;
const RECEPTION_SHIFT = 2;
const RECEPTION = 7;
const RECEPTIONS: readonly (FrameType | undefined)[] = [undefined, "host", "multicast", "broadcast", "otherhost"];

/** A block that is not read: octets of its body still to come, where it starts in the file, and its length. */
interface SkippedBlock {
  left: number;
  readonly place: number;
  readonly total: number;
}

class PcapngScanner implements Scanner {
  needed = SMALLEST_BLOCK;
  digits: 6 | 9 = 6;
  several = false;
  fault: Fault | undefined;
  private begun = false;
  private little = false;
  private interfaces: NgInterface[] = [];
  private blocks = 0;
  private found = 0;
  private lastTime = 0n;
  private skipping: SkippedBlock | undefined;
  /** Of the octets that are scanned. */
  private words: DataView = new DataView(NO_OCTETS.buffer);

  scan(records: Records, from: number, position: number): number {
    const { bytes } = records;
    this.words = records.words;
    let at = from;
    while (!records.isFull && !this.fault) {
      const next = this.skipping ? this.skip(this.skipping, bytes, at) : this.readBlock(bytes, at, position + at, records);
      if (next === at) return at;
      at = next;
    }
    return at;
  }

  atEnd(left: number, end: number): Fault | undefined {
    if (!this.begun) return { broken: "input", offset: end, message: `the file ends after ${left} octets of a pcapng section header` };
    const start = this.skipping?.place ?? end - left;
    if (start === end) return undefined;
    const takes = this.skipping?.total ?? this.needed;
    const more = !this.skipping && left < SMALLEST_BLOCK ? " or more" : "";
    const message = `the capture breaks off in block ${this.blocks + 1}, behind packet ${this.found}: it takes ${takes}${more} octets, the file has ${
      end - start
    } left`;
    return { broken: "damaged", offset: start, message };
  }

  /** Goes through a block that is not read without holding it. */
  private skip(block: SkippedBlock, bytes: Uint8Array, at: number): number {
    const some = Math.min(block.left, bytes.length - at);
    block.left -= some;
    const end = at + some;
    this.needed = block.left > 0 ? 1 : TRAILER;
    if (block.left > 0 || bytes.length - end < TRAILER) return end;
    if (!this.endsAs(block.total, end, block.place)) return end;
    this.skipping = undefined;
    this.blocks++;
    this.needed = SMALLEST_BLOCK;
    return end + TRAILER;
  }

  /** Reads the block at `at` and returns where the next one starts, or `at` when that takes more octets or cannot be. */
  private readBlock(bytes: Uint8Array, at: number, place: number, records: Records): number {
    this.needed = SMALLEST_BLOCK;
    if (bytes.length - at < SMALLEST_BLOCK) return at;
    const { words } = this;
    if (words.getUint32(at) === SECTION && !this.readOrder(bytes, at, place)) return at;
    const { little } = this;
    const type = words.getUint32(at, little);
    const total = words.getUint32(at + LENGTH, little);
    const least = LEAST_LENGTH.get(type);
    if (total < (least ?? SMALLEST_BLOCK) || total % 4 !== 0) {
      this.broken(place, `has a length of ${total}, expected a multiple of 4 from ${least ?? SMALLEST_BLOCK} on`);
      return at;
    }
    if (least === undefined) {
      this.skipping = { left: total - SMALLEST_BLOCK, place, total };
      return at + BODY;
    }
    if (total > LONGEST_BLOCK) this.broken(place, `has a length of ${total}, more than any has (${LONGEST_BLOCK})`);
    this.needed = total;
    const end = at + total - TRAILER;
    if (this.fault || bytes.length - at < total || !this.endsAs(total, end, place)) return at;
    if (type === SECTION) this.readSection(bytes, at, end, place);
    else if (type === INTERFACE) this.describe(bytes, at, end, place);
    else if (type === SIMPLE_PACKET) this.readSimple(bytes, at, end, place, records);
    else this.readPacket(bytes, at, end, place, records, type === PACKET);
    if (this.fault) return at;
    this.blocks++;
    this.needed = SMALLEST_BLOCK;
    return at + total;
  }

  /** Whether a block repeats its length at its end. */
  private endsAs(total: number, at: number, place: number): boolean {
    const again = this.words.getUint32(at, this.little);
    if (again === total) return true;
    this.broken(place, `has a length of ${total} at its start and of ${again} at its end`);
    return false;
  }

  private broken(place: number, what: string): void {
    const broken = this.begun ? "damaged" : "input";
    this.fault = { broken, offset: place, message: `block ${this.blocks + 1}, behind packet ${this.found}, ${what}` };
  }

  /** The byte order of the section that starts at `at`: it holds for the length of its header too. */
  private readOrder(bytes: Uint8Array, at: number, place: number): boolean {
    this.little = u32le(bytes, at + BODY) === ORDER_MAGIC;
    if (this.little || u32(bytes, at + BODY) === ORDER_MAGIC) return true;
    this.broken(place, "is a section header without a byte order");
    return false;
  }

  private readSection(bytes: Uint8Array, at: number, end: number, place: number): void {
    const half = this.little ? u16le : u16;
    const major = half(bytes, at + MAJOR);
    const minor = half(bytes, at + MINOR);
    if (major !== CURRENT_MAJOR || !MINORS.has(minor)) {
      this.broken(place, `is a section of pcapng version ${major}.${minor}, expected ${CURRENT_MAJOR}.0`);
    } else if (!optionsFit(bytes, at + SECTION_OPTIONS, end, half)) {
      this.broken(place, "is a section header with an option that is longer than it");
    } else {
      this.begun = true;
      this.interfaces = [];
    }
  }

  private describe(bytes: Uint8Array, at: number, end: number, place: number): void {
    if (!optionsFit(bytes, at + INTERFACE_OPTIONS, end, this.little ? u16le : u16)) {
      this.broken(place, "describes an interface with an option that is longer than it");
      return;
    }
    if (this.interfaces.length === MOST_INTERFACES) {
      this.broken(place, `describes an interface more than the ${MOST_INTERFACES} that are read of a section`);
      return;
    }
    const described = readInterface(bytes, at, end, this.little);
    if (described.clock.digits === 9) this.digits = 9;
    this.interfaces.push(described);
    if (this.interfaces.length > 1) this.several = true;
  }

  private readPacket(bytes: Uint8Array, at: number, end: number, place: number, records: Records, old: boolean): void {
    const { words, little } = this;
    const half = little ? u16le : u16;
    const from = this.interfaceAt(old ? words.getUint16(at + BODY, little) : words.getUint32(at + BODY, little), place);
    if (!from) return;
    const captured = words.getUint32(at + CAPTURED, little);
    const start = at + DATA;
    if (captured > end - start) {
      this.broken(place, `has packet ${this.found + 1} with a captured length of ${captured} octets and ${end - start} to hold it`);
      return;
    }
    const flags = findOption(bytes, start + padded(captured), end, half, FLAGS);
    const time = from.clock.time(words.getUint32(at + TIME_HIGH, little), words.getUint32(at + TIME_LOW, little));
    const type = flags < 0 ? undefined : typeOf((little ? u32le : u32)(bytes, flags));
    this.push(records, from, start, time, captured, words.getUint32(at + ORIGINAL, little), type);
  }

  private readSimple(bytes: Uint8Array, at: number, end: number, place: number, records: Records): void {
    const from = this.interfaceAt(0, place);
    if (!from) return;
    const length = (this.little ? u32le : u32)(bytes, at + BODY);
    const start = at + SIMPLE_DATA;
    const captured = Math.min(length, end - start, from.snapLength || length);
    this.push(records, from, start, undefined, captured, length, undefined);
  }

  private interfaceAt(index: number, place: number): NgInterface | undefined {
    const found = this.interfaces[index];
    if (!found) {
      const count = this.interfaces.length;
      this.broken(place, `has packet ${this.found + 1} of interface ${index}, the section has described ${count}`);
    }
    return found;
  }

  private push(
    records: Records,
    from: NgInterface,
    start: number,
    time: bigint | undefined,
    captured: number,
    length: number,
    type: FrameType | undefined,
  ): void {
    this.found++;
    if (time !== undefined) this.lastTime = time;
    const origin = originOf(from, type);
    const index = records.add(start, captured, length, time === undefined ? { ...origin, untimed: true } : origin);
    records.timed(index, this.lastTime);
  }
}

function originOf({ origins, link, name: interfaceName }: NgInterface, type: FrameType | undefined): Origin {
  const known = origins.get(type);
  if (known) return known;
  const origin: Origin = { link, interfaceName, type };
  origins.set(type, origin);
  return origin;
}

/** What the flags word of a packet says of its way: sent out, or how it was received. */
function typeOf(flags: number): FrameType | undefined {
  if ((flags & DIRECTION) === OUTBOUND) return "outgoing";
  return RECEPTIONS[(flags >> RECEPTION_SHIFT) & RECEPTION];
}

/** pcapng, as Wireshark, dumpcap and editcap write it (draft-ietf-opsawg-pcapng). */
export const pcapng: CaptureFormat = {
  name: "pcapng",
  recognises: (head) => u32(head, 0) === SECTION,
  open: () => new PcapngScanner(),
};
