import type { Problem } from "../../src/model/problem.ts";
import type { Reading, TextTarget } from "./text-targets.ts";

const LONGEST_MESSAGE = 400;

/** What is wrong with how a parser takes a text; undefined when nothing is. */
export function complaint(target: TextTarget, text: string): string | undefined {
  try {
    const reading = target.read(text);
    for (const problem of reading.problems) {
      const wrong = misplaced(problem, reading.texts);
      if (wrong) return `${wrong}: ${JSON.stringify(problem).slice(0, LONGEST_MESSAGE)}`;
    }
    return reading.problems.length > 0 ? undefined : unwritable(target, reading);
  } catch (error) {
    return `throws ${error instanceof Error ? error.stack?.split("\n").slice(0, 4).join(" | ") : error}`;
  }
}

function misplaced(problem: Problem, texts: ReadonlyMap<string, string>): string | undefined {
  const { file, line, column, span, offset, message, source, hint } = problem;
  const text = texts.get(file);
  // A folder as a whole, and a file without any text, have no places.
  if (file === "") return undefined;
  if (text === undefined) return "a file that was not given";
  if (message.length > LONGEST_MESSAGE || (hint?.length ?? 0) > LONGEST_MESSAGE) return "a message without end";
  if (/undefined|\[object|NaN/.test(message) && !/undefined|\[object|NaN/.test(text)) return "a message with a value of the program";
  if (text.trim() === "") return undefined;
  if (line === undefined) return offset !== undefined && offset >= 0 && offset <= text.length ? undefined : "a problem without a place";
  const lines = text.split("\n");
  const found = lines[line - 1]?.replace(/\r$/, "");
  if (found === undefined) return "a line that is not there";
  if (column === undefined || column < 1 || column > found.length + 1) return "a column that is not there";
  if (span !== undefined && (span < 1 || column + span > found.length + 2)) return "a span beyond the line";
  if (source !== undefined && source !== found && `\ufeff${source}` !== found) return "a source that is not the line";
  return undefined;
}

/** What was read without a problem can be written, and what was written is read as the same. */
function unwritable(target: TextTarget, { json, save }: Reading): string | undefined {
  if (json) JSON.stringify(json());
  if (!save) return undefined;
  const written = [...save()];
  const again = target.read(`${written.join("\n")}\n`);
  const [problem] = again.problems;
  if (problem) return written.length === 0 ? undefined : `what it writes it refuses: ${problem.message}: ${problem.source}`;
  const twice = again.save ? [...again.save()] : [];
  const differs = twice.findIndex((line, index) => line !== written[index] && !line.startsWith("#"));
  return differs < 0 ? undefined : `written twice differs: ${written[differs]} | ${twice[differs]}`;
}
