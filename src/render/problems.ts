import type { Problem } from "../model/problem.ts";

const TAB = 4;
const MOST_SHOWN = 50;

/** Problems of an input as a person reads them: place, what is wrong, the line with a caret under the place, a suggestion. */
export function problemsText(problems: readonly Problem[], width: number): string {
  const shown = problems.slice(0, MOST_SHOWN).map((problem) => problemText(problem, width));
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more problems in the same input`] : [])].join("\n");
}

function problemText(problem: Problem, width: number): string {
  const place = [problem.file, problem.line, problem.line === undefined ? undefined : problem.column]
    .filter((part) => part !== undefined)
    .join(":");
  const said = problem.offset === undefined || problem.offset === 0 || /(?:byte|octet) \d/.test(problem.message);
  const head = clean(`${place}: ${problem.message}${said ? "" : `, at byte ${problem.offset}`}`);
  const frame = problem.source !== undefined && problem.line !== undefined ? frameLines(problem, problem.source, problem.line, width) : [];
  const hint = problem.hint ? [`     ${clean(problem.hint)}`] : [];
  return [head, ...frame, ...hint].join("\n");
}

function frameLines(problem: Problem, source: string, line: number, width: number): readonly string[] {
  const gutter = `  ${line} │ `;
  const room = Math.max(30, width - gutter.length);
  const start = Math.max(0, (problem.column ?? 1) - 1);
  const from = start > room - 12 ? start - Math.floor(room / 2) : 0;
  const cutLeft = from > 0 ? "…" : "";
  const visible = clean(source.slice(from, from + room - 2));
  const cutRight = source.length > from + room - 2 ? "…" : "";
  const before = clean(source.slice(from, start)).length + cutLeft.length;
  const span = Math.max(1, Math.min(problem.span ?? 1, room - before));
  const caret = problem.column === undefined ? [] : [`  ${" ".repeat(String(line).length)} │ ${" ".repeat(before)}${"^".repeat(span)}`];
  return [`${gutter}${cutLeft}${visible}${cutRight}`, ...caret];
}

/** Input may hold anything; a terminal must not obey it. */
export function clean(text: string): string {
  return Array.from(text.replaceAll("\t", " ".repeat(TAB)), (c) => (c < " " || (c >= "\u007f" && c <= "\u009f") ? "·" : c)).join("");
}
