import stringWidth from "string-width";
import { clean } from "../problems.ts";
import { cut, paint, type Style, spell, type Tone } from "../style.ts";

/** A line of a file with a part of it that is marked. */
export interface Marked {
  readonly line: number;
  readonly source: string;
  readonly column: number;
  readonly endColumn: number;
  readonly mark: "^" | "─";
  readonly tone: Tone;
}

/** Lines of a file as a person reads them: number, text, and a mark under the part that matters. In the order of their numbers. */
export function frame(lines: readonly Marked[], style: Style): readonly string[] {
  const ordered = lines.toSorted((a, b) => a.line - b.line);
  const digits = Math.max(...ordered.map(({ line }) => String(line).length));
  return ordered.flatMap((marked) => frameOf(marked, digits, style));
}

function frameOf({ line, source, column, endColumn, mark, tone }: Marked, digits: number, style: Style): readonly string[] {
  const bar = spell("│", style);
  const room = Math.max(30, style.width - digits - 5);
  const start = column - 1;
  const from = start > room - 12 ? start - Math.floor(room / 2) : 0;
  const left = from > 0 ? spell("…", style) : "";
  const shown = left + fitting(clean(source.slice(from, from + 2 * room)), room - left.length, style);
  const before = left.length + stringWidth(clean(source.slice(from, start)));
  const span = Math.max(
    1,
    Math.min(stringWidth(clean(source.slice(start, Math.min(endColumn - 1, start + 2 * room)))), stringWidth(shown) - before),
  );
  const under = spell(mark, style).repeat(span);
  const number = String(line).padStart(digits);
  return [`  ${number} ${bar} ${shown}`, `  ${" ".repeat(digits)} ${bar} ${" ".repeat(before)}${paint(under, tone, style)}`];
}

// Rules are ASCII but for comments, and there may be thousands of findings.
function fitting(text: string, width: number, style: Style): string {
  if (!/^[ -~]*$/.test(text)) return cut(text, width, style);
  const mark = spell("…", style);
  return text.length <= width ? text : text.slice(0, width - mark.length).trimEnd() + mark;
}
