import type { MatchSpec, Option, TargetSpec } from "../extensions/spec.ts";

/** An option of an extension as found by one of its flags. */
export interface FlagEntry {
  readonly key: string;
  readonly option: Option<unknown>;
}

/** The options of an extension by every spelling of their flags, and those that must be given. */
export interface SpecFlags {
  readonly byFlag: ReadonlyMap<string, FlagEntry>;
  readonly required: readonly FlagEntry[];
}

/** Finds the options of extensions; each extension is indexed when it is first met. */
export function createFlagIndex(): (spec: MatchSpec | TargetSpec) => SpecFlags {
  const known = new Map<MatchSpec | TargetSpec, SpecFlags>();
  return (spec) => {
    const before = known.get(spec);
    if (before) return before;
    const byFlag = new Map<string, FlagEntry>();
    const entries = Object.entries(spec.options).map(([key, option]): FlagEntry => ({ key, option }));
    for (const entry of entries) {
      for (const flag of [entry.option.flag, ...(entry.option.aliases ?? [])]) if (!byFlag.has(flag)) byFlag.set(flag, entry);
    }
    const flags = { byFlag, required: entries.filter((entry) => entry.option.required) };
    known.set(spec, flags);
    return flags;
  };
}
