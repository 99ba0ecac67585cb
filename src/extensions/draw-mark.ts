import { hex } from "./codecs.ts";
import type { Draw } from "./draw.ts";

const MASKS = [0xff, 0xf0, 0xffff, 0xffff0000, 0x80000000, 1];

function word(d: Draw, mask: number, always: boolean): string {
  const value = d.chance(20) ? d.pick([0, 0xffffffff]) : d.mark();
  if (mask === 0xffffffff && !always) return hex(value);
  // Now and then with bits outside the mask, which no mark has.
  return `${hex(d.chance(10) ? value : (value & mask) >>> 0)}/${hex(mask)}`;
}

/** A mark of the traffic, maybe under a mask, for the matches. */
export function drawMasked(d: Draw): string {
  return word(d, d.chance(3) ? d.pick([...MASKS, 0, d.mark()]) : 0xffffffff, false);
}

/** A change of marks, for the targets. */
export function drawChange(d: Draw): string {
  return word(d, d.chance(2) ? d.pick([...MASKS, 0, d.mark()]) : 0xffffffff, true);
}
