import type { Negatable } from "../model/rule.ts";
import { type Masked, masked, parseNumber, word } from "./codecs.ts";
import type { Codec } from "./spec.ts";

const XMARK = masked(32, true);
const BITS = "a number of 32 bits";

function fromBits(build: (bits: number) => Masked): Codec<Masked> {
  const parse = (text: string) => {
    const bits = parseNumber(text);
    return bits === undefined ? undefined : build(bits);
  };
  return word(BITS, parse, XMARK.save);
}

const SET_MARK: Codec<Masked> = {
  ...XMARK,
  parse: (words) => {
    const given = XMARK.parse(words);
    return given && { value: given.value, mask: (given.value | given.mask) >>> 0 };
  },
};

/** The ways to change a mark that MARK and CONNMARK share; all are saved as `--set-xmark`. */
export const MARK_OPTIONS = {
  xmark: { flag: "--set-xmark", codec: XMARK },
  mark: { flag: "--set-mark", codec: SET_MARK },
  and: { flag: "--and-mark", codec: fromBits((bits) => ({ value: 0, mask: ~bits >>> 0 })) },
  or: { flag: "--or-mark", codec: fromBits((bits) => ({ value: bits, mask: bits })) },
  xor: { flag: "--xor-mark", codec: fromBits((bits) => ({ value: bits, mask: 0 })) },
} as const;

type MarkArgs = { readonly [K in keyof typeof MARK_OPTIONS]?: Negatable<Masked> | undefined };

/** The one change that was asked for, whichever way it was written. */
export function xmarkOf(args: MarkArgs): Negatable<Masked> | undefined {
  return args.xmark ?? args.mark ?? args.and ?? args.or ?? args.xor;
}

/** How many of them were given: exactly one may be. */
export function markOptionsGiven(args: MarkArgs): number {
  return [args.xmark, args.mark, args.and, args.or, args.xor].filter((option) => option).length;
}
