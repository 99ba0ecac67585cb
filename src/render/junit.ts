import type { Assertion } from "../explain/assertion.ts";
import { assumptionTexts } from "../explain/summary.ts";
import { assumptionsText } from "./explanation.ts";
import { differenceSentences, type FileReport, failureText, type TestReport } from "./test-report.ts";
import { escapeXml } from "./xml.ts";

const IN_ATTRIBUTES = { '"': "&quot;", "\n": "&#10;" } as const;
const PLAIN = { width: 100, colour: false, ascii: false } as const;

/** The report as JUnit XML, which CI servers read: a test suite for each file, a test case for each assertion. */
export function junitText({ files }: TestReport): string {
  const suites = files.map(suiteText);
  const all = files.flatMap(({ assertions }) => assertions);
  const seconds = files.reduce((sum, file) => sum + file.seconds, 0);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes({ name: "nettrace", ...counts(all), time: time(seconds) })}>\n${suites.join("")}</testsuites>\n`;
}

function suiteText({ file, assertions, assumptions, seconds }: FileReport): string {
  const cases = assertions.map((assertion) => caseText(file, assertion));
  const granted = assumptions.size > 0 ? assumptionsText(assumptionTexts([...assumptions.values()], false), PLAIN) : undefined;
  if (granted !== undefined) cases.push(`    <system-out>${escapeXml(granted)}</system-out>\n`);
  return `  <testsuite${attributes({ name: file, ...counts(assertions), time: time(seconds) })}>\n${cases.join("")}  </testsuite>\n`;
}

function caseText(file: string, assertion: Assertion): string {
  const { name, spot, holds } = assertion;
  const begin = `    <testcase${attributes({ classname: file, name, file, ...(spot.line !== undefined && { line: `${spot.line}` }) })}`;
  if (holds) return `${begin}/>\n`;
  const type = assertion.differences[0]?.key ?? "verdict";
  const failure = `      <failure${attributes({ message: differenceSentences(assertion), type })}>${escapeXml(failureText(assertion, PLAIN))}</failure>\n`;
  return `${begin}>\n${failure}    </testcase>\n`;
}

function counts(assertions: readonly Assertion[]): Readonly<Record<string, string>> {
  const failed = assertions.filter(({ holds }) => !holds).length;
  return { tests: `${assertions.length}`, failures: `${failed}`, errors: "0", skipped: "0" };
}

function time(seconds: number): string {
  return seconds.toFixed(3);
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(value, IN_ATTRIBUTES)}"`)
    .join("");
}
