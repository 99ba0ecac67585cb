import type { Assertion } from "../explain/assertion.ts";
import { assumptionTexts } from "../explain/summary.ts";
import { assumptionsText } from "./explanation.ts";
import { differenceSentences, type FileReport, failureText, type TestReport } from "./test-report.ts";

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
  if (granted !== undefined) cases.push(`    <system-out>${escaped(granted)}</system-out>\n`);
  return `  <testsuite${attributes({ name: file, ...counts(assertions), time: time(seconds) })}>\n${cases.join("")}  </testsuite>\n`;
}

function caseText(file: string, assertion: Assertion): string {
  const { name, spot, holds } = assertion;
  const begin = `    <testcase${attributes({ classname: file, name, file, ...(spot.line !== undefined && { line: `${spot.line}` }) })}`;
  if (holds) return `${begin}/>\n`;
  const type = assertion.differences[0]?.key ?? "verdict";
  const failure = `      <failure${attributes({ message: differenceSentences(assertion), type })}>${escaped(failureText(assertion, PLAIN))}</failure>\n`;
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
    .map(([name, value]) => ` ${name}="${escaped(value).replaceAll('"', "&quot;").replaceAll("\n", "&#10;")}"`)
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Text for XML 1.0, which has no place for most control characters (section 2.2). */
function escaped(text: string): string {
  return Array.from(text, (c) => ENTITIES[c] ?? (isAllowed(c) ? c : "\ufffd")).join("");
}

function isAllowed(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x20
    ? code !== 0xfffe && code !== 0xffff && !(code >= 0xd800 && code <= 0xdfff)
    : code === 0x09 || code === 0x0a || code === 0x0d;
}
