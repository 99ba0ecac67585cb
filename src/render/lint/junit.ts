import type { Finding } from "../../lint/finding.ts";
import type { LintReport } from "../../lint/run.ts";
import { escapeXml } from "../xml.ts";

/** Findings as JUnit's XML: a suite for each file, a failed case for each finding, one that passed where there is none. */
export function lintJunit({ findings, files }: LintReport): string {
  const suites = files.map((file) =>
    suite(
      file,
      findings.filter((finding) => finding.file === file),
    ),
  );
  const all = findings.length;
  const cases = files.reduce((sum, file) => sum + Math.max(1, findings.filter((finding) => finding.file === file).length), 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="nettrace lint" tests="${cases}" failures="${all}" errors="0">`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

function suite(file: string, findings: readonly Finding[]): string {
  const cases = findings.length === 0 ? [`    <testcase name="no findings" classname="${escaped(file)}"/>`] : findings.map(failedCase);
  const counts = `tests="${cases.length}" failures="${findings.length}" errors="0"`;
  return [`  <testsuite name="${escaped(file)}" ${counts}>`, ...cases, "  </testsuite>"].join("\n");
}

function failedCase({ rule, name, severity, file, line, column, message, hint, source }: Finding): string {
  const text = [`${file}:${line}:${column}`, source, hint].filter((part) => part).join("\n");
  return [
    `    <testcase name="${escaped(`${rule} ${name} line ${line}`)}" classname="${escaped(file)}">`,
    `      <failure type="${severity}" message="${escaped(message)}">${escaped(text)}</failure>`,
    "    </testcase>",
  ].join("\n");
}

/** Text for attributes, which carriage returns do not get through unchanged. */
function escaped(text: string): string {
  return escapeXml(text, { '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "\ufffd" });
}
