import type { Finding, Severity } from "../../lint/finding.ts";
import type { LintReport } from "../../lint/run.ts";

const SEVERITIES: Readonly<Record<Severity, string>> = { error: "major", warning: "minor", hint: "info" };

/** Findings as GitLab's code quality report. */
export function lintGitlab({ findings }: LintReport): string {
  return `${JSON.stringify(findings.map(issue), null, 2)}\n`;
}

function issue({ rule, name, severity, file, line, message, fingerprint }: Finding): unknown {
  return {
    description: `${rule} ${name}: ${message}`,
    check_name: rule,
    fingerprint,
    severity: SEVERITIES[severity],
    location: { path: file.replace(/^\.\//, ""), lines: { begin: line } },
  };
}
