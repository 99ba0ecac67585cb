import type { Fault, LineRead, Word } from "../../grammars/words.ts";
import type { Parsed, Problem } from "../model/problem.ts";

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

/** Whoever hands in a text of another kind does not want to hear it of each of its lines. */
export const MOST_PROBLEMS = 1000;

/** What is said of the rest of a file that has more problems than anyone reads. */
export const TOO_MANY = `${MOST_PROBLEMS} problems are enough: the rest of the file is not read`;

/** The lines of a text that say something: not blank and no `#` comment. They end early where there are too many `problems`. */
export function* significantLines(text: string, file: string, problems: Problem[]): Generator<SourceLine> {
  let number = 0;
  for (const ended of text.replace(/^\uFEFF/, "").split("\n")) {
    const source = ended.endsWith("\r") ? ended.slice(0, -1) : ended;
    number++;
    if (/^\s*(#|$)/.test(source)) continue;
    let offset = 0;
    for (const part of source.split(/\\(?=\t| {4})/)) {
      if (problems.length >= MOST_PROBLEMS) {
        problems.push({ file, line: number, column: offset + 1, message: TOO_MANY });
        return;
      }
      if (part.trim() !== "") yield { text: part, line: number, offset, source };
      offset += part.length + 1;
    }
  }
}

/** Takes note that a word is not what was expected in its place. */
export type Report = (word: Word, message: string) => void;

/** The lines of a text that `grammar` can take apart, one by one, with a way to complain of their words. Its own faults become problems. */
export function* linesRead<L>(
  text: string,
  file: string,
  grammar: (line: string) => LineRead<L>,
  problems: Problem[],
): Generator<{ readonly line: SourceLine; readonly words: L; readonly report: Report }> {
  for (const line of significantLines(text, file, problems)) {
    const { value: words, faults } = grammar(line.text);
    for (const fault of faults) problems.push(lineProblem(file, line, fault));
    if (words === undefined) continue;
    const report: Report = ({ text: found, column }, message) =>
      void problems.push(lineProblem(file, line, { message, column, span: Math.max(1, found.length) }));
    yield { line, words, report };
  }
}

/** Reads a text of which every line is one thing: `grammar` takes its words apart, `meaning` says what they mean. */
export function readLines<L, T>(
  text: string,
  file: string,
  grammar: (line: string) => LineRead<L>,
  meaning: (words: L, report: Report) => T | undefined,
): Parsed<T[]> {
  const values: T[] = [];
  const problems: Problem[] = [];
  for (const { words, report } of linesRead(text, file, grammar, problems)) {
    const value = meaning(words, report);
    if (value !== undefined) values.push(value);
  }
  return { value: values, problems };
}

/** The problem that a fault in a line is. */
export function lineProblem(file: string, line: SourceLine, fault: Fault): Problem {
  return { file, line: line.line, column: line.offset + fault.column, message: fault.message, source: line.source, span: fault.span };
}
