import type { Finding, Fix, Place, Severity } from "../../lint/finding.ts";
import type { LintRule } from "../../lint/lint-rule.ts";
import type { LintReport } from "../../lint/run.ts";
import { pageMarkdown } from "./page.ts";

const LEVELS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", hint: "note" };

/** Findings as SARIF 2.1.0. `version` is that of nettrace. */
export function lintSarif({ findings, files }: LintReport, rules: readonly LintRule[], version: string): string {
  const run = {
    tool: { driver: { name: "nettrace", semanticVersion: version, rules: rules.map(descriptor) } },
    columnKind: "utf16CodeUnits",
    artifacts: files.map((file) => ({ location: { uri: uriOf(file) } })),
    results: findings.map((finding) => result(finding, rules, files)),
  };
  const log = { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptor(rule: LintRule): unknown {
  return {
    id: rule.id,
    name: rule.name,
    shortDescription: { text: rule.summary },
    fullDescription: { text: rule.why.replace(/\s+/g, " ") },
    help: { text: `nettrace lint --explain ${rule.id}`, markdown: pageMarkdown(rule) },
    defaultConfiguration: { level: LEVELS[rule.severity], ...(rule.isOff && { enabled: false }) },
    properties: { tags: [rule.group] },
  };
}

function result(finding: Finding, rules: readonly LintRule[], files: readonly string[]): unknown {
  const { rule, severity, message, hint, witness, related, fingerprint, fix } = finding;
  const text = [message, hint, witness && `Try it: ${witness.packet} (${witness.outcome})`].filter((part) => part).join(" ");
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: LEVELS[severity],
    message: { text },
    locations: [location(finding, files, finding.source)],
    ...(related.length > 0 && {
      relatedLocations: related.map((place, index) => ({ id: index + 1, ...location(place, files), message: { text: place.message } })),
    }),
    partialFingerprints: { "nettrace/v1": fingerprint },
    ...(fix && { fixes: [fixObject(fix, files)] }),
  };
}

/** A line with thousands of faults is not shown whole with each of them. */
const MOST_SHOWN = 1000;

function location({ file, line, column, endColumn }: Place, files: readonly string[], source?: string) {
  const region = {
    startLine: line,
    startColumn: column,
    endColumn,
    ...(source !== undefined && { snippet: { text: source.slice(0, MOST_SHOWN) } }),
  };
  return { physicalLocation: { artifactLocation: artifact(file, files), region } };
}

function artifact(file: string, files: readonly string[]) {
  const index = files.indexOf(file);
  return { uri: uriOf(file), ...(index >= 0 && { index }) };
}

function fixObject({ title, file, edits }: Fix, files: readonly string[]): unknown {
  const replacements = edits.map(({ line, text }) => ({
    deletedRegion: { startLine: line, startColumn: 1, endLine: line + 1, endColumn: 1 },
    ...(text !== undefined && { insertedContent: { text: `${text}\n` } }),
  }));
  return { description: { text: title }, artifactChanges: [{ artifactLocation: artifact(file, files), replacements }] };
}

function uriOf(file: string): string {
  if (file === "(standard input)") return "stdin";
  const path = file.replaceAll("\\", "/").replace(/^\.\//, "");
  return (path.startsWith("/") ? "file://" : "") + path.split("/").map(encodeURIComponent).join("/");
}
