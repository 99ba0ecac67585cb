import type { Fault } from "../../grammars/words.ts";
import type { Problem } from "../model/problem.ts";

/** A line of an input, or the part of one that `ip -o` ends with a backslash. */
export interface SourceLine {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** Columns before `text` in the whole line. */
  readonly offset: number;
  /** The whole line, for the code frame. */
  readonly source: string;
}

/** The lines of a text that say something: not blank and no `#` comment. */
export function* significantLines(text: string): Generator<SourceLine> {
  let number = 0;
  for (const source of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    number++;
    if (/^\s*(#|$)/.test(source)) continue;
    let offset = 0;
    for (const part of source.split(/\\(?=\t| {4})/)) {
      if (part.trim() !== "") yield { text: part, line: number, offset, source };
      offset += part.length + 1;
    }
  }
}

/** The problem that a fault in a line is. */
export function lineProblem(file: string, line: SourceLine, fault: Fault): Problem {
  return { file, line: line.line, column: line.offset + fault.column, message: fault.message, source: line.source, span: fault.span };
}
