import type { Frames } from "../model/frames.ts";
import type { Frame } from "../model/packet.ts";
import { CapturedFrame, type FrameDraft } from "./frame-draft.ts";
import type { Glance } from "./glance.ts";
import { PAGE, type Page, pageOf } from "./pages.ts";
import type { Origin, Records } from "./records.ts";

/** Octets that are copied for a frame which is the first to be asked for. */
const SMALL_PAGE = 1 << 11;

/** The frames of some records, each decoded when somebody asks for it: until the next records are read, since these lie in the same memory. */
export class RecordFrames implements Frames {
  readonly length: number;
  readonly #records: Records;
  readonly #glance: Glance;
  /** How many frames of the capture come before. */
  readonly #before: number;
  /** The one that was asked for last, which mostly is asked for again; others are let go. */
  #made: Frame | undefined;
  #madeAt = -1;
  #glanced: Frame | undefined;
  #glancedAt = -1;
  #page: Page | undefined;
  #pageStart = 0;
  #isOver = false;

  constructor(records: Records, before: number, glance: Glance) {
    this.length = records.length;
    this.#records = records;
    this.#before = before;
    this.#glance = glance;
  }

  at(index: number): Frame | undefined {
    if (index >= this.length) return undefined;
    if (index !== this.#madeAt) {
      this.#made = this.#decode(index);
      this.#madeAt = index;
    }
    return this.#made;
  }

  glance(index: number): Frame | undefined {
    if (this.#isOver) return undefined;
    if (index !== this.#glancedAt) {
      this.#glanced = this.#glance.at(this.#records, index, this.#before + index + 1);
      this.#glancedAt = index;
    }
    return this.#glanced;
  }

  *[Symbol.iterator](): Generator<Frame> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as Frame;
  }

  /** The next records are about to be read. */
  end(): void {
    this.#isOver = true;
  }

  #decode(index: number): Frame {
    if (this.#isOver) throw new Error("a frame was asked for after the ones behind it were read");
    const records = this.#records;
    if (!this.#page || index < this.#pageStart || index >= this.#page.next) {
      // Where few frames are asked for, what lies between them need not be copied.
      this.#page = pageOf(records, index, index === this.#page?.next ? PAGE : SMALL_PAGE);
      this.#pageStart = index;
    }
    return decodeFrame(records, index, this.#page, this.#before + index + 1);
  }
}

function decodeFrame(records: Records, index: number, page: Page, number: number): Frame {
  const { link, interfaceIndex, interfaceName, untimed, type } = records.origins[index] as Origin;
  const captured = records.captured[index] ?? 0;
  const length = records.lengths[index] ?? 0;
  const start = (records.starts[index] ?? 0) - page.from;
  const frame: FrameDraft = new CapturedFrame(number, records.time(index), captured, length, link.name);
  if (interfaceIndex !== undefined) frame.interfaceIndex = interfaceIndex;
  if (interfaceName !== undefined) frame.interfaceName = interfaceName;
  if (untimed) frame.untimed = true;
  if (type !== undefined) frame.type = type;
  link.decode(frame, page.bytes, start, start + captured, start + Math.max(captured, length));
  return frame;
}
