import { countWords, plural } from "../../lint/counts.ts";
import type { Finding, Severity } from "../../lint/finding.ts";
import type { LintReport } from "../../lint/run.ts";
import { clean } from "../problems.ts";
import { paint, type Style, spell, type Tone, wrap } from "../style.ts";
import { frame, type Marked } from "./frame.ts";

const TONES: Readonly<Record<Severity, Tone>> = { error: "bad", warning: "unsure", hint: "change" };

/** Findings as a person reads them. `source` gives a line of a file; `seconds` is how long the run took. */
export function* lintTable(
  report: LintReport,
  source: (file: string, line: number) => string,
  style: Style,
  seconds: number,
): Generator<string> {
  const explained = new Set<string>();
  for (const finding of report.findings) {
    yield findingText(finding, source, style, !explained.has(finding.rule));
    explained.add(finding.rule);
  }
  yield `${spell(summary(report, seconds), style)}\n`;
}

function summary({ findings, suppressed, known, rules, files }: LintReport, seconds: number): string {
  const more = [
    suppressed > 0 ? `${suppressed} taken back with a reason` : "",
    known > 0 ? `${known} known to the baseline` : "",
    `${seconds.toFixed(1)} s`,
  ].filter((part) => part !== "");
  const where = files.length === 1 ? "" : ` of ${files.length} rulesets`;
  return `${countWords(findings)} in ${plural(rules, "rule")}${where} (${more.join(", ")})`;
}

function findingText(finding: Finding, source: (file: string, line: number) => string, style: Style, first: boolean): string {
  const { file, line, column, severity, rule, name, message, hint, related, witness } = finding;
  const words = (text: string) => spell(clean(text), style);
  const head = `${clean(file)}:${line}:${column} ${paint(severity, TONES[severity], style)} ${paint(`${rule} ${name}`, "strong", style)}`;
  const marked: Marked[] = [{ line, source: finding.source, column, endColumn: finding.endColumn, mark: "^", tone: TONES[severity] }];
  for (const other of related) {
    if (other.file !== file || marked.some((one) => one.line === other.line)) continue;
    const { line: at, column: from, endColumn } = other;
    marked.push({ line: at, source: source(file, at), column: from, endColumn, mark: "─", tone: "quiet" });
  }
  const elsewhere = related.filter((other) => other.file !== file).map((other) => `${other.file}:${other.line}: ${other.message}`);
  const lines = [
    head,
    wrap(words(message), style, 2),
    "",
    ...frame(marked, style),
    ...elsewhere.map((text) => wrap(words(text), style, 4, 2)),
    ...(hint === undefined ? [] : [wrap(words(hint), style, 2)]),
    ...(witness ? [clean(`  Try it: ${witness.packet}   (${witness.outcome})`)] : []),
    ...(first ? [paint(`  Why this matters: nettrace lint --explain ${rule}`, "quiet", style)] : []),
  ];
  return `${lines.join("\n")}\n\n`;
}
