import type { Problem, ProblemKind } from "../model/problem.ts";
import type { LintContext } from "./context.ts";
import type { Found } from "./finding.ts";
import { type LintedRules, placeOf } from "./linted-rules.ts";

/** Kinds of problems that have a rule of their own. */
const OF_THEIR_OWN: ReadonlySet<ProblemKind> = new Set(["chain", "commit", "loop", "place", "policy", "protocol"]);

/** The problems of one kind, or of no kind that has a rule of its own, as findings. */
export function* problemsOfKind({ rulesets }: LintContext, kind: ProblemKind | undefined): Generator<Found> {
  for (const rules of rulesets) {
    for (const problem of rules.problems) {
      const own = problem.kind && OF_THEIR_OWN.has(problem.kind) ? problem.kind : undefined;
      if (own === kind) yield foundOf(rules, problem);
    }
  }
}

/** A problem of the parser as a finding. */
export function foundOf(rules: LintedRules, { kind, column, span, message, hint, ...problem }: Problem): Found {
  let { line } = problem;
  // What the end of a file lacks belongs to the last line that says something.
  if (kind === "commit" && line !== undefined) while (line > 1 && /^\s*(?:#|$)/.test(rules.lines[line - 1] ?? "")) line--;
  const whole = placeOf(rules, line ?? 1);
  const place = column === undefined || line !== problem.line ? whole : { ...whole, column, endColumn: column + (span ?? 1) };
  return { ...place, message: sentence(message), ...(hint !== undefined && { hint: sentence(hint) }) };
}

function sentence(text: string): string {
  const end = /[.?!]$/.test(text) ? "" : ".";
  return `${/^[a-z]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text}${end}`;
}
