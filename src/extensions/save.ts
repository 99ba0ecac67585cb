import type { Family } from "../model/address.ts";
import type { ArgValues, Negatable } from "../model/rule.ts";
import type { MatchSpec, TargetSpec } from "./spec.ts";

/** The options of a match or target as iptables-save prints them: defaults and shorthands resolved, in its order; "" when there are none. */
export function saveOptions(spec: MatchSpec | TargetSpec, args: ArgValues, family: Family): string {
  const kept: ArgValues = spec.canonical?.(args, family) ?? args;
  const words: string[] = [];
  for (const [key, option] of Object.entries(spec.options)) {
    const given: Negatable<unknown> | undefined = kept[key];
    if (given === undefined) continue;
    const value = option.codec.save(given.value);
    words.push(`${given.not ? "! " : ""}${option.flag}${value === "" ? "" : ` ${value}`}`);
  }
  return words.join(" ");
}
