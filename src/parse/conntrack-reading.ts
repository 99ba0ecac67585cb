import type { ConntrackPair } from "../../grammars/conntrack.ts";
import { quote, shortened, type Word } from "../../grammars/words.ts";
import type { Problem } from "../model/problem.ts";
import { lineProblem, type SourceLine } from "./lines.ts";

/** One line while it is read. */
export class Reading {
  readonly #file: string;
  readonly #line: SourceLine;
  readonly #problems: Problem[];
  failed = false;

  constructor(file: string, line: SourceLine, problems: Problem[]) {
    this.#file = file;
    this.#line = line;
    this.#problems = problems;
  }

  /** Notes that something was expected and this stands there, or, without a word, the line ends. */
  expected(what: string, found: Word | undefined): undefined {
    this.failed = true;
    const end = { text: "", column: this.#line.text.trimEnd().length + 1 };
    const { text, column } = found ?? end;
    const message = `expected ${what}, found ${found ? quote(text) : "the end of the line"}`;
    this.#problems.push(lineProblem(this.#file, this.#line, { message, column, span: Math.max(1, text.length) }));
  }

  /** Reads a number. */
  number({ key, value }: ConntrackPair): number {
    if (!/^(\d+|0x[0-9a-fA-F]+)$/.test(value.text)) this.expected(`a number after ${shortened(key.text)}=`, value);
    return Number(value.text);
  }
}
