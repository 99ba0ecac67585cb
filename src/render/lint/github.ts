import type { Finding, Severity } from "../../lint/finding.ts";
import type { LintReport } from "../../lint/run.ts";

const COMMANDS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", hint: "notice" };

/** Findings as workflow commands, which GitHub shows beside the lines of a pull request. */
export function lintGithub({ findings }: LintReport): string {
  return findings.map(annotation).join("");
}

function annotation({ severity, file, line, column, endColumn, rule, name, message, hint, witness }: Finding): string {
  const properties = { file, line, endLine: line, col: column, endColumn: endColumn - 1, title: `${rule} ${name}` };
  const given = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  const text = [message, hint, witness && `Try it: ${witness.packet} (${witness.outcome})`].filter((part) => part).join("\n");
  return `::${COMMANDS[severity]} ${given.join(",")}::${escapeData(text)}\n`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
