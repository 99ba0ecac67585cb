import { noteCurrent } from "./current.ts";
import type { TextTarget } from "./text-targets.ts";

/** A text that can be made as long as one likes: a unit over and over between two other pieces. */
export interface Shape {
  readonly name: string;
  readonly before: string;
  readonly unit: string;
  readonly after: string;
}

const KILOBYTE = 1 << 10;
const MEGABYTE = 1 << 20;
const FIRST = 16 * KILOBYTE;
/** In steps of four and more, to a line of ten megabytes. */
const LENGTHS = [FIRST, 4 * FIRST, 16 * FIRST, MEGABYTE, 10 * MEGABYTE];
/** Below this many milliseconds the clock and the collector of garbage say more than the parser. */
const NOISE = 60;
/** How much more time than length: linear is 1, quadratic is the ratio of the lengths, four at least. */
const MOST_EXCESS = 2.2;
const ATTEMPTS = 4;

function textOf({ before, unit, after }: Shape, length: number): string {
  return before + unit.repeat(Math.ceil(length / unit.length)) + after;
}

/** Milliseconds of this process, which other processes do not lengthen. */
function timeOf(target: TextTarget, shape: Shape, length: number): number {
  const text = textOf(shape, length);
  noteCurrent(target.name, text);
  const start = process.cpuUsage();
  target.read(text);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Says where the time grows faster than the text does, with texts of up to `longest` characters; undefined when it never does. */
export function superlinear(target: TextTarget, shape: Shape, longest: number): string | undefined {
  const times = new Map<number, number>();
  const least = (length: number) => {
    const time = Math.min(times.get(length) ?? Number.POSITIVE_INFINITY, timeOf(target, shape, length));
    times.set(length, time);
    return time;
  };
  for (const length of LENGTHS.filter((one) => one <= longest)) {
    least(length);
    const shorter = LENGTHS.findLast((one) => one * 4 <= length);
    if (shorter === undefined) continue;
    const excess = () => (times.get(length) ?? 0) / Math.max(times.get(shorter) ?? 0, NOISE) / (length / shorter);
    for (let attempt = 1; excess() > MOST_EXCESS && attempt < ATTEMPTS; attempt++) {
      least(shorter);
      least(length);
    }
    if (excess() > MOST_EXCESS) {
      const told = [...times].map(([size, time]) => `${Math.round(size / KILOBYTE)} kB ${Math.round(time)} ms`).join(", ");
      return `the time grows faster than the text (${shape.name}): ${told}`;
    }
  }
  return undefined;
}

/** A short text of a shape, for the file that a failure is kept in. */
export function exampleOf(shape: Shape): string {
  return textOf(shape, 64 * KILOBYTE);
}

const UNITS: Readonly<Record<string, string>> = {
  "one huge word": "a",
  "many words": "ab ",
  "many numbers": "9",
  "many quotes": '"',
  "many quoted words": '"a" ',
  "many !": "! ",
  "many brackets": "[",
  "many pairs of brackets": "[]",
  "deep objects": '{"a":',
  "many angle brackets": "<",
  "many tabs": "\t",
  "many blanks": " ",
  "many empty lines": "\n",
  "many carriage returns": "\r",
  "many short lines": "x\n",
  "many backslashes": "\\",
  "many parts of a line": "\\\ta ",
  "many -m": "-m tcp ",
  "many =": "a=",
  "many commas": "1,",
  "many colons": "::",
  "one comment": "#",
  "many zeros": "\0",
  "many objects": '{"a":1},',
  "many src=": "src=1 ",
};

/** The shapes that every parser is held against: each unit as the whole text, within the first line of one of its texts, and within a word of it. */
export function shapesFor({ bases }: TextTarget): readonly Shape[] {
  const base = bases[0] ?? "";
  const lines = base.split("\n");
  const longest = lines.reduce((one, other, index) => ((lines[one]?.length ?? 0) < other.length ? index : one), 0);
  const line = lines[longest] ?? "";
  const head = lines
    .slice(0, longest)
    .map((one) => `${one}\n`)
    .join("");
  const place = base.startsWith("[") ? base.indexOf(":") + 1 : head.length + line.indexOf(" ") + 1;
  const json = /^\s*[[{]/.test(base) ? { before: base.slice(0, place), after: base.slice(place) } : undefined;
  const within = json ?? { before: base.slice(0, place), after: `\n${base.slice(head.length + line.length + 1)}` };
  return Object.entries(UNITS).flatMap(([name, unit]) => [
    { name, before: "", unit, after: "" },
    { name: `${name}, in the longest line`, ...within, unit },
    { name: `${name}, in quotes`, before: `${within.before}"`, unit, after: `"${within.after}` },
  ]);
}
