import { countBySeverity } from "../../lint/counts.ts";
import type { Finding } from "../../lint/finding.ts";
import type { LintReport } from "../../lint/run.ts";

/** Findings as JSON for scripts. What does not apply is absent. */
export function lintJson(report: LintReport): string {
  const { findings, suppressed, known, rules, files } = report;
  const summary = { ...countBySeverity(findings), suppressed, baseline: known, rules };
  return `${JSON.stringify({ version: 1, files, summary, findings: findings.map(findingObject) }, null, 2)}\n`;
}

/** A line with thousands of faults is not shown whole with each of them. */
const MOST_SHOWN = 1000;

function findingObject(finding: Finding): unknown {
  const { rule, name, severity, file, line, column, endColumn, message, hint, source, related, witness, fix, fingerprint } = finding;
  return {
    rule,
    name,
    severity,
    file,
    line,
    column,
    endColumn,
    message,
    hint,
    source: source.slice(0, MOST_SHOWN),
    ...(related.length > 0 && { related }),
    witness,
    fix: fix && { title: fix.title, file: fix.file, edits: fix.edits },
    fingerprint,
  };
}
