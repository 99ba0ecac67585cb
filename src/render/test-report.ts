import type { Assertion } from "../explain/assertion.ts";
import { assumptionTexts } from "../explain/summary.ts";
import { count } from "../explain/words.ts";
import type { Assumption } from "../model/host.ts";
import { columns } from "./columns.ts";
import { assumptionsText, explanationText } from "./explanation.ts";
import { cut, pad, paint, type Style, spell, wrap } from "./style.ts";

/** What the test files came to. */
export interface TestReport {
  readonly files: readonly FileReport[];
}

/** The assertions of one test file, and the seconds that they took. */
export interface FileReport {
  readonly file: string;
  readonly assertions: readonly Assertion[];
  /** What was taken for granted, each once. */
  readonly assumptions: ReadonlyMap<string, Assumption>;
  readonly seconds: number;
}

const INDENT = 2;
const LEAST_NAME = 20;

/** The report as a person reads it, in pieces: the answer, a line for each assertion, and why some do not hold. */
export function* testReportText({ files }: TestReport, style: Style): Generator<string> {
  const all = files.flatMap((file) => file.assertions);
  const failed = all.filter(({ holds }) => !holds);
  yield `${paint(headlineOf(all, failed), failed.length > 0 ? "bad" : "strong", style)}\n`;
  for (const { file, assertions } of files) {
    if (assertions.length === 0) continue;
    yield files.length > 1 ? `\n${paint(spell(file, style), "strong", style)}\n` : "\n";
    yield `${assertionLines(assertions, style)}\n`;
  }
  for (const assertion of failed) yield `\n${failureText(assertion, style)}`;
  const assumptions = new Map(files.flatMap((file) => [...file.assumptions]));
  if (assumptions.size > 0) yield `\n${assumptionsText(assumptionTexts([...assumptions.values()], false), style)}`;
  if (failed.length > 0) {
    const names = failed.map(({ name, spot }) => `${name} (${spot.file}:${spot.line})`);
    yield `\n${wrap(spell(`${count(failed.length, "assertion")} failed: ${names.join("; ")}`, style), style, INDENT, 0)}\n`;
  }
}

function headlineOf(all: readonly Assertion[], failed: readonly Assertion[]): string {
  if (failed.length > 0) return `${failed.length} of ${count(all.length, "assertion")} failed.`;
  return all.length === 1 ? "1 assertion: it holds." : `${count(all.length, "assertion")}: all hold.`;
}

function assertionLines(assertions: readonly Assertion[], style: Style): string {
  const room = Math.max(LEAST_NAME, Math.floor(style.width * 0.6));
  const rows = assertions.map(({ holds, name, found }) => [
    { text: spell(holds ? "✓" : "✗", style), tone: holds ? ("good" as const) : ("bad" as const) },
    { text: cut(spell(name, style), room, style) },
    { text: spell(found, style), tone: "quiet" as const },
  ]);
  const taken = Math.max(...rows.map(([sign, name]) => (sign?.text.length ?? 0) + (name?.text.length ?? 0))) + 2 * INDENT;
  const left = Math.max(LEAST_NAME, style.width - taken);
  return columns(
    rows.map((row) => row.map((cell, i) => (i === 2 ? { ...cell, text: cut(cell.text, left, style) } : cell))),
    style,
    0,
  );
}

/** Why an assertion does not hold: what was expected, what came, and how that came about. */
export function failureText(assertion: Assertion, style: Style): string {
  const { name, subject, spot, explanation } = assertion;
  const head = wrap(spell(`✗ ${name} (${spot.file}:${spot.line})`, style), style, INDENT, 0);
  const parts = [paint(head, "bad", style)];
  if (subject !== name) parts.push(wrap(spell(subject, style), style, INDENT));
  parts.push("", ...differenceLines(assertion, style));
  if (explanation) {
    const text = [...explanationText(explanation, { ...style, width: style.width - INDENT })].join("");
    parts.push("", text.trimEnd().replaceAll(/^(?=.)/gm, " ".repeat(INDENT)));
  }
  return `${parts.join("\n")}\n`;
}

function differenceLines({ differences, packets }: Assertion, style: Style): readonly string[] {
  const width = Math.max(...differences.map(({ key }) => key.length)) + 2;
  const verb = "expected  ".length;
  const line = (key: string, said: string, text: string) =>
    `${" ".repeat(INDENT)}${pad(key, width)}${pad(said, verb)}${wrap(spell(text, style), style, INDENT + width + verb).trimStart()}`;
  return differences.flatMap(({ key, expected, found, packets: n }) => {
    const some = packets > 1 && key !== "count" ? ` (${n.toLocaleString("en-US")} of ${count(packets, "packet")})` : "";
    return [line(key, "expected", expected), line("", "found", `${found}${some}`)];
  });
}

/** An assertion's differences in one line: "verdict: expected dropped, found forwarded". */
export function differenceSentences({ differences }: Assertion): string {
  return differences.map(({ key, expected, found }) => `${key}: expected ${expected}, found ${found}`).join("; ");
}
