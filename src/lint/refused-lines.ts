import type { LintedRules } from "./linted-rules.ts";

/** Whether a line that could not be read speaks of a chain: what is said of the chain might not be true then. */
export function isRefusedAbout({ problems, lines }: LintedRules, chain: string): boolean {
  return problems.some(
    ({ kind, line }) => kind !== "loop" && line !== undefined && (lines[line - 1] ?? "").split(/[\s"]+/).includes(chain),
  );
}
