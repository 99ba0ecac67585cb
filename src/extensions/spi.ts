import type { Negatable } from "../model/rule.ts";
import { type Range, range } from "./codecs.ts";

const MAX = 0xffffffff;

/** `--espspi` and `--ahspi`. */
export const SPI_RANGE = range(MAX, "a security parameter index or a range (a:b)");

/** Leaves out a range of all indices, which says nothing unless it is negated. */
export function withoutAllSpis(option: Negatable<Range> | undefined): Negatable<Range> | undefined {
  return option && !option.not && option.value[0] === 0 && option.value[1] === MAX ? undefined : option;
}
