import type { Family } from "../model/address.ts";
import type { ArgValues, Negatable } from "../model/rule.ts";
import type { MatchSpec, TargetSpec } from "./spec.ts";

/** An option as iptables-save prints it. */
export interface OptionWords {
  readonly flag: string;
  /** What follows the flag, "" when nothing does. */
  readonly value: string;
  readonly not: boolean;
}

/** The options of a match or target as iptables-save prints them: defaults and shorthands resolved, in its order. */
export function optionWords(spec: MatchSpec | TargetSpec, args: ArgValues, family: Family): readonly OptionWords[] {
  const kept: ArgValues = spec.canonical?.(args, family) ?? args;
  if (spec.printed) return spec.printed(kept as never);
  const found: OptionWords[] = [];
  for (const [key, option] of Object.entries(spec.options)) {
    const given: Negatable<unknown> | undefined = kept[key];
    if (given !== undefined) found.push({ flag: option.flag, value: option.codec.save(given.value), not: given.not });
  }
  return found;
}

/** The same as text; "" when there are none. */
export function saveOptions(spec: MatchSpec | TargetSpec, args: ArgValues, family: Family): string {
  return optionWords(spec, args, family)
    .map(({ flag, value, not }) => `${not ? "! " : ""}${flag}${value === "" ? "" : ` ${value}`}`)
    .join(" ");
}
