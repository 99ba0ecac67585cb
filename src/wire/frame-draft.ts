import type { Mutable } from "../model/mutable.ts";
import type { Frame } from "../model/packet.ts";

/** A frame while the layers below IP are decoded into it. */
export type FrameDraft = Mutable<Frame>;

/** A frame of which only the record was read. What is added finds room in an object of a class, and takes another one of a literal. */
export class CapturedFrame implements FrameDraft {
  // Only declared, or all would be set to undefined first.
  declare number: number;
  declare time: bigint;
  declare captured: number;
  declare length: number;
  declare linkType: string;

  constructor(number: number, time: bigint, captured: number, length: number, linkType: string) {
    this.number = number;
    this.time = time;
    this.captured = captured;
    this.length = length;
    this.linkType = linkType;
  }
}

/** Decodes one link type into a frame: `start` is where its header is, `end` where the capture of it ends, `wireEnd` where the wire did. */
export type LinkDecoder = (frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number) => void;

/** Whether a link header is all there; if not, the frame says so. */
export function hasHeader(frame: FrameDraft, name: string, needed: number, start: number, end: number): boolean {
  if (end - start >= needed) return true;
  frame.defect = `only ${Math.max(0, end - start)} of the ${needed} octets of the ${name} header are there`;
  return false;
}
