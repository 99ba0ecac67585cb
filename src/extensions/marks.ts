import { hex, type Masked } from "./codecs.ts";

const ALL = 0xffffffff;

/** Whether a mark has the given value in the bits of the mask. */
export function underMask(mark: number, { value, mask }: Masked): boolean {
  return (mark & mask) >>> 0 === value;
}

/** Clears the bits of the mask and turns round those of the value: what every mark target does. */
export function changed(mark: number, { value, mask }: Masked): number {
  return ((mark & ~mask) ^ value) >>> 0;
}

/** "mark 0x1", or "mark 0x5 in the bits 0xf". */
export function markWords(name: string, { value, mask }: Masked): string {
  return mask === ALL ? `${name} ${hex(value)}` : `${name} ${hex(value)} in the bits ${hex(mask)}`;
}

/** What a change does, in words: "set mark 0x1", "set the bits 0x4000 of the mark" … */
export function changeWords(name: string, { value, mask }: Masked): string {
  if (mask === ALL) return `set ${name} ${hex(value)}`;
  if (mask === 0) return value === 0 ? `leave the ${name}` : `turn round the bits ${hex(value)} of the ${name}`;
  if (value === 0) return `clear the bits ${hex(mask)} of the ${name}`;
  if (value === mask) return `set the bits ${hex(mask)} of the ${name}`;
  return `set ${name} ${hex(value)} in the bits ${hex(mask)}`;
}
