import { z } from "zod";
import type { Parsed } from "../model/problem.ts";
import type { Finding } from "./finding.ts";
import type { LintReport } from "./run.ts";

const schema = z.strictObject({
  version: z.literal(1),
  findings: z.array(z.looseObject({ fingerprint: z.string() })),
});

/** The text of a baseline that knows these findings. The fingerprint counts; the rest is for whoever reads it. */
export function baselineText(findings: readonly Finding[]): string {
  const entries = findings.map(({ fingerprint, rule, file, source }) => ({ fingerprint, rule, file, source: source.trim() }));
  return `${JSON.stringify({ version: 1, findings: entries }, null, 2)}\n`;
}

/** Reads a baseline: the fingerprints of the findings that it knows. */
export function parseBaseline(text: string, file: string): Parsed<ReadonlySet<string>> {
  const read = schema.safeParse(safeJson(text));
  if (read.success) return { value: new Set(read.data.findings.map(({ fingerprint }) => fingerprint)), problems: [] };
  return { value: new Set(), problems: [{ file, message: "this is not a baseline, expected one that --write-baseline wrote" }] };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A report without the findings that a baseline knows. */
export function withoutKnown(report: LintReport, known: ReadonlySet<string>): LintReport {
  const findings = report.findings.filter(({ fingerprint }) => !known.has(fingerprint));
  return { ...report, findings, known: report.findings.length - findings.length };
}
