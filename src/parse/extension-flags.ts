import type { MatchSpec, Option, TargetSpec } from "../extensions/spec.ts";

/** An option of an extension as found by one of its flags. */
export interface FlagEntry {
  readonly key: string;
  readonly option: Option<unknown>;
  /** Values already parsed, by their words: rulesets repeat the same few thousands of times. */
  readonly values: Map<string, unknown>;
}

/** Flags of extensions, for the time of one parse. */
export type FlagIndex = (spec: MatchSpec | TargetSpec) => ReadonlyMap<string, FlagEntry>;

const MOST_VALUES = 4096;

/** Makes the flags of extensions findable; each extension is indexed when it is first met. */
export function createFlagIndex(): FlagIndex {
  const tables = new Map<MatchSpec | TargetSpec, Map<string, FlagEntry>>();
  return (spec) => {
    const known = tables.get(spec);
    if (known) return known;
    const table = new Map<string, FlagEntry>();
    for (const [key, option] of Object.entries(spec.options)) {
      const entry: FlagEntry = { key, option, values: new Map() };
      for (const flag of [option.flag, ...(option.aliases ?? [])]) if (!table.has(flag)) table.set(flag, entry);
    }
    tables.set(spec, table);
    return table;
  };
}

/** What an option's words mean; undefined when they are not what its codec expects. */
export function parseValue({ option, values }: FlagEntry, words: readonly string[]): unknown {
  const key = words.length === 1 ? (words[0] ?? "") : words.join("\n");
  const known = values.get(key);
  if (known !== undefined) return known;
  const value = option.codec.parse(words);
  if (value !== undefined && values.size < MOST_VALUES) values.set(key, value);
  return value;
}
