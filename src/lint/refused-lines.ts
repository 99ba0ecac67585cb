import type { LintedRules } from "./linted-rules.ts";

const words = new WeakMap<LintedRules, ReadonlySet<string>>();

function refusedWords({ problems, lines }: LintedRules): ReadonlySet<string> {
  const refused = new Set(problems.map(({ kind, line }) => (kind === "loop" ? undefined : line)));
  return new Set([...refused].flatMap((line) => (line === undefined ? [] : (lines[line - 1] ?? "").split(/[\s"]+/))));
}

/** Whether a line that could not be read speaks of a chain: what is said of the chain might not be true then. */
export function isRefusedAbout(rules: LintedRules, chain: string): boolean {
  const known = words.get(rules) ?? refusedWords(rules);
  words.set(rules, known);
  return known.has(chain);
}
