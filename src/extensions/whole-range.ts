import type { Negatable } from "../model/rule.ts";
import type { Range } from "./codecs.ts";

type RangeOption = Negatable<Range> | undefined;

/** Leaves out a range of all there is, which several saves of iptables do not print, not even negated. */
export function withoutWholeRange(option: RangeOption, max: number): RangeOption {
  return option?.value[0] === 0 && option.value[1] === max ? undefined : option;
}

/** Leaves out a range of all there is where it says nothing; negated, nothing lies in it. */
export function withoutIdleRange(option: RangeOption, max: number): RangeOption {
  return option?.not ? option : withoutWholeRange(option, max);
}
