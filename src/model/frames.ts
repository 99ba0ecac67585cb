import type { Frame } from "./packet.ts";

/** Frames of a capture in a row. */
export interface Frames extends Iterable<Frame> {
  readonly length: number;
  /** One of them, to keep. */
  at(index: number): Frame | undefined;
  /**
   * The same for a look at it: the next glance makes another frame of it, so nothing of it may be kept but numbers and words. Undefined where it
   * is no easier to have than the frame itself.
   */
  glance?(index: number): Frame | undefined;
}
