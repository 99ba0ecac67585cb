import { linkType } from "./link-types.ts";
import { frameType } from "./linux-sll.ts";
import { u8, u16, u16le, u32, u32le } from "./octets.ts";
import type { CaptureFormat, Fault, Origin, Records, Scanner } from "./records.ts";

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
/** Alexey Kuznetzov's patch to libpcap: records also have device, protocol and packet type. */
const MAGIC_MODIFIED = 0xa1b2cd34;
const MAGICS: readonly number[] = [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, MAGIC_MODIFIED];

const VERSION_MAJOR = 4;
const VERSION_MINOR = 6;
const LINK_TYPE = 20;
const FILE_HEADER = 24;
/** The upper bits of the field hold the length of the frame check sequence. */
const LINK_TYPE_MASK = 0x03ffffff;

const SECONDS = 0;
const FRACTION = 4;
const CAPTURED = 8;
const LENGTH = 12;
const RECORD_HEADER = 16;
const MODIFIED_INTERFACE = 16;
const MODIFIED_TYPE = 22;
const MODIFIED_RECORD_HEADER = 24;

const CURRENT_MAJOR = 2;
const CURRENT_MINOR = 4;
/** libpcap pcap-int.h, MAXIMUM_SNAPLEN: a longer packet is damage, whatever the file header says. */
const LONGEST_PACKET = 262_144;
const SECOND = 1_000_000_000n;
const MICROSECOND = 1000;
const WORD = 2 ** 32;

class PcapScanner implements Scanner {
  needed = FILE_HEADER;
  digits: 6 | 9 = 6;
  fault: Fault | undefined;
  /** Of all records but those of Kuznetzov's patch. */
  private origin: Origin | undefined;
  private little = false;
  private modified = false;
  private minor = CURRENT_MINOR;
  private strange: Fault | undefined;
  private found = 0;
  private second = Number.NaN;
  /** Where the second starts, in nanoseconds: its upper and its lower 32 bits. */
  private startHigh = Number.NaN;
  private startLow = Number.NaN;

  scan(records: Records, from: number, position: number): number {
    const { bytes } = records;
    let at = from;
    if (!this.origin) {
      if (bytes.length - at < FILE_HEADER) return at;
      this.readHeader(bytes, at);
      if (!this.origin) return at;
      at += FILE_HEADER;
    }
    return this.readRecords(this.origin, records, at, position);
  }

  atEnd(left: number, end: number): Fault | undefined {
    if (!this.origin) {
      const message = `the file ends after ${left} of the ${FILE_HEADER} octets of a pcap header`;
      return { broken: "input", offset: end, message };
    }
    if (left === 0) return this.strange;
    const message = `the capture breaks off in packet ${this.found + 1}: its record takes ${this.needed}${
      left < this.recordHeader() ? " or more" : ""
    } octets, the file has ${left} left`;
    return { broken: "damaged", offset: end - left, message };
  }

  private recordHeader(): number {
    return this.modified ? MODIFIED_RECORD_HEADER : RECORD_HEADER;
  }

  private readHeader(bytes: Uint8Array, at: number): void {
    this.little = MAGICS.includes(u32le(bytes, at));
    const magic = this.little ? u32le(bytes, at) : u32(bytes, at);
    const half = this.little ? u16le : u16;
    const word = this.little ? u32le : u32;
    const major = half(bytes, at + VERSION_MAJOR);
    this.minor = half(bytes, at + VERSION_MINOR);
    if (major < CURRENT_MAJOR) {
      const message = `pcap version ${major}.${this.minor} is not supported, expected ${CURRENT_MAJOR}.${CURRENT_MINOR}`;
      this.fault = { broken: "input", offset: VERSION_MAJOR, message };
      return;
    }
    // No such version exists; what the records hold is more likely to be whole than these four octets.
    if (major > CURRENT_MAJOR || this.minor > CURRENT_MINOR) {
      const message = `pcap version ${major}.${this.minor} is not known; the packets were read as those of ${CURRENT_MAJOR}.${CURRENT_MINOR}`;
      this.strange = { broken: "damaged", offset: VERSION_MAJOR, message };
      this.minor = CURRENT_MINOR;
    }
    this.origin = { link: linkType(word(bytes, at + LINK_TYPE) & LINK_TYPE_MASK) };
    this.digits = magic === MAGIC_NANOSECONDS ? 9 : 6;
    this.modified = magic === MAGIC_MODIFIED;
  }

  private readRecords(origin: Origin, records: Records, from: number, position: number): number {
    const { little, modified, minor } = this;
    const { bytes, words } = records;
    const header = this.recordHeader();
    const before = this.found - records.length;
    const end = bytes.length - header;
    let at = from;
    this.needed = header;
    for (; at <= end && !records.isFull; this.found = before + records.length) {
      let captured = words.getUint32(at + CAPTURED, little);
      let length = words.getUint32(at + LENGTH, little);
      // libpcap sf-pcap.c, swap_hdr: versions before 2.3 had both lengths the other way round, 2.3 sometimes.
      if (minor < 3 || (minor === 3 && captured > length)) [captured, length] = [length, captured];
      if (captured > LONGEST_PACKET) {
        const message = `packet ${this.found + 1} has a captured length of ${captured} octets, more than any packet can have (${LONGEST_PACKET})`;
        this.fault = { broken: "damaged", offset: position + at, message };
        return at;
      }
      if (captured > end - at) {
        this.needed = header + captured;
        return at;
      }
      const index = records.add(at + header, captured, length, modified ? { ...origin, ...this.device(bytes, at) } : origin);
      this.tell(records, index, words.getUint32(at + SECONDS, little), words.getUint32(at + FRACTION, little));
      at += header + captured;
    }
    return at;
  }

  private tell(records: Records, index: number, seconds: number, fraction: number): void {
    if (seconds !== this.second) {
      this.second = seconds;
      const start = BigInt(seconds) * SECOND;
      this.startHigh = Number(start >> 32n);
      this.startLow = Number(start & 0xffff_ffffn);
    }
    const low = this.startLow + (this.digits === 9 ? fraction : fraction * MICROSECOND);
    records.timedBy(index, this.startHigh + Math.floor(low / WORD), low);
  }

  private device(bytes: Uint8Array, at: number): Pick<Origin, "interfaceIndex" | "type"> {
    const interfaceIndex = (this.little ? u32le : u32)(bytes, at + MODIFIED_INTERFACE);
    const type = frameType(u8(bytes, at + MODIFIED_TYPE));
    return type ? { interfaceIndex, type } : { interfaceIndex };
  }
}

/** Classic pcap, as tcpdump writes it (draft-ietf-opsawg-pcap). */
export const pcap: CaptureFormat = {
  name: "pcap",
  recognises: (head) => MAGICS.includes(u32(head, 0)) || MAGICS.includes(u32le(head, 0)),
  open: () => new PcapScanner(),
};
