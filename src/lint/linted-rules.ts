import type { Family } from "../model/address.ts";
import type { Problem } from "../model/problem.ts";
import type { Chain, Rule, Ruleset, Table } from "../model/rule.ts";
import { parseIptablesSave } from "../parse/iptables-save.ts";
import type { Place, Related } from "./finding.ts";

/** A ruleset with its text. */
export interface LintedRules {
  /** As messages and command lines name it. */
  readonly file: string;
  /** Its namespace in a snapshot. */
  readonly netns?: string;
  /** As written; the first has index 0. */
  readonly lines: readonly string[];
  /** What could be read of it. */
  readonly ruleset: Ruleset;
  /** What iptables-restore or the kernel would refuse. */
  readonly problems: readonly Problem[];
}

/** Reads a ruleset to be checked; what cannot be read becomes findings. */
export function readLintedRules(text: string, file: string, family: Family, netns?: string): LintedRules {
  const { value, problems } = parseIptablesSave(text, file, family, { allowEmpty: true });
  const lines = text.split(/\r?\n/);
  const loaded = withoutFlushed(lines);
  const ruleset = loaded ? parseIptablesSave(loaded.join("\n"), file, family, { allowEmpty: true }).value : value;
  return { file, ...(netns !== undefined && { netns }), lines, ruleset, problems };
}

/** The lines that iptables-restore ends up with: a table that begins once more is emptied first. Undefined where none does. */
function withoutFlushed(lines: readonly string[]): readonly string[] | undefined {
  const parts: { readonly name: string; readonly start: number }[] = [];
  for (const [start, text] of lines.entries()) {
    const name = /^\s*\*\s*(\w+)\s*$/.exec(text)?.[1];
    if (name !== undefined) parts.push({ name, start });
  }
  if (new Set(parts.map(({ name }) => name)).size === parts.length) return undefined;
  const kept = [...lines];
  for (const [i, { name, start }] of parts.entries()) {
    if (parts.slice(i + 1).every((later) => later.name !== name)) continue;
    kept.fill("", start, parts[i + 1]?.start);
  }
  return kept;
}

/** A line from its first word to its last, without counters in front. */
export function placeOf({ file, lines }: LintedRules, line: number): Place {
  const text = lines[line - 1] ?? "";
  const start = /^\s*(?:\[\d+:\d+\]\s*)?/.exec(text)?.[0].length ?? 0;
  const end = Math.max(start + 1, text.trimEnd().length);
  return { file, line, column: start + 1, endColumn: end + 1 };
}

/** The first place in a line that a pattern fits, or the whole line. */
export function placeOfWords(rules: LintedRules, line: number, words: RegExp): Place {
  const found = words.exec(rules.lines[line - 1] ?? "");
  if (!found) return placeOf(rules, line);
  return { file: rules.file, line, column: found.index + 1, endColumn: found.index + 1 + found[0].length };
}

/** A line, and what is to be said of it. */
export function relatedLine(rules: LintedRules, line: number, message: string): Related {
  return { ...placeOf(rules, line), message };
}

/** A chain with its table. */
export interface ChainOf {
  readonly table: Table;
  readonly chain: Chain;
}

/** All chains of a ruleset, table by table. */
export function* chainsOf({ ruleset }: LintedRules): Generator<ChainOf> {
  for (const table of ruleset.tables.values()) for (const chain of table.chains.values()) yield { table, chain };
}

/** The rules of a chain by line: one line with several addresses makes several rules. */
export function rulesByLine(rules: Iterable<Rule>): ReadonlyMap<number, readonly Rule[]> {
  const map = new Map<number, Rule[]>();
  for (const rule of rules) {
    const same = map.get(rule.line);
    if (same) same.push(rule);
    else map.set(rule.line, [rule]);
  }
  return map;
}
