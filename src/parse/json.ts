import { z } from "zod";
import { parseAddress, parseMac } from "../model/address.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { type JsonPositions, joinPath, jsonPositions } from "./json-position.ts";
import { MOST_PROBLEMS, TOO_MANY } from "./lines.ts";

/** An element of a list with the path that messages about it begin with. */
export interface JsonElement<T> {
  readonly value: T;
  readonly path: string;
}

/** Reports a value of a JSON input by its path. */
export type JsonReport = (path: string, message: string) => void;

const LONGEST_SOURCE = 300;
const LONGEST_VALUE = 60;

/** Where the lines of a text begin. */
function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last of ascending numbers that is not above a limit. */
function lastUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  for (let high = numbers.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= limit) low = middle;
    else high = middle;
  }
  return low;
}

function positionProblem(text: string, starts: readonly number[], file: string, start: number, end: number, message: string): Problem {
  const index = lastUpTo(starts, start);
  const lineStart = starts[index] ?? 0;
  const source = text.slice(lineStart, (starts[index + 1] ?? text.length + 1) - 1).replace(/\r$/, "");
  const place = { file, line: index + 1, column: Math.min(start - lineStart, source.length) + 1, message };
  // `ip -j` prints everything on one line, which nobody wants to see again; the path has to do.
  return source.length > LONGEST_SOURCE ? place : { ...place, source, span: Math.max(1, Math.min(end, lineStart + source.length) - start) };
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

const KINDS: Readonly<Record<string, string>> = { array: "a list", object: "an object", int: "a whole number" };

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return KINDS[issue.expected] ?? `a ${issue.expected}`;
  if (issue.code === "invalid_union") return issue.errors.map((errors) => (errors[0] ? expectation(errors[0]) : "a value")).join(" or ");
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  return issue.message;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined), value);
}

const ROOT = "the file";

/** A reporter that finds the place of a path in the text, once something is wrong. */
export function jsonReporter(text: string, file: string, problems: Problem[]): JsonReport {
  let positions: JsonPositions | undefined;
  let starts: readonly number[] | undefined;
  return (path, message) => {
    positions ??= jsonPositions(text);
    starts ??= lineStarts(text);
    let place = path;
    // A key that is not there has no place of its own: its object's has to do.
    while (place !== "" && !positions.values.has(place)) place = place.replace(/(^|\.)[^.[\]]+$|\[[^[\]]*\]$/, "");
    const { start, end } = positions.values.get(place) ?? { start: 0, end: 1 };
    problems.push(positionProblem(text, starts, file, start, end, `${path || ROOT}: ${message}`));
  };
}

/** Checks a JSON value against a schema; every departure is reported with its path. */
export function checkJson<S extends z.ZodType>(schema: S, value: unknown, path: string, report: JsonReport): z.output<S> | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues.slice(0, MOST_PROBLEMS)) {
    const where = issue.path.reduce<string>((inner, key) => joinPath(inner, typeof key === "number" ? key : String(key)), path);
    report(where, `expected ${expectation(issue)}, found ${shown(at(value, issue.path))}`);
  }
  return undefined;
}

/** Whether a text is JSON and not a tool's text form; an empty one is neither, and so is a list without elements. */
export function isJson(text: string): boolean {
  return /^\s*([[{]|$)/.test(text);
}

/** Reads a JSON text; undefined with a problem that says where it stops being JSON. */
export function readJson(text: string, file: string): Parsed<unknown> {
  try {
    return { value: JSON.parse(text), problems: [] };
  } catch {
    const { error } = jsonPositions(text);
    const offset = error?.offset ?? text.length;
    const found = offset >= text.length ? "the end of the file" : JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0));
    const message = `not JSON: expected ${error?.expected ?? "a value"}, found ${found}`;
    return { value: undefined, problems: [positionProblem(text, lineStarts(text), file, offset, offset + 1, message)] };
  }
}

/** Reads the list of objects that `ip -j` and `bridge -j` print; an empty file is an empty list, `{}` stands for an object filtered out. */
export function readJsonList<S extends z.ZodType>(
  text: string,
  file: string,
  schema: S,
): Parsed<JsonElement<z.output<S>>[]> & { readonly report: JsonReport } {
  const problems: Problem[] = [];
  const report = jsonReporter(text, file, problems);
  if (text.trim() === "") return { value: [], problems, report };
  const json = readJson(text, file);
  if (json.problems.length > 0) return { value: [], problems: [...json.problems], report };
  const list = checkJson(z.array(z.looseObject({})), json.value, "", report) ?? [];
  const value: JsonElement<z.output<S>>[] = [];
  for (const [index, element] of list.entries()) {
    if (Object.keys(element).length === 0) continue;
    const path = `[${index}]`;
    if (problems.length >= MOST_PROBLEMS) {
      report(path, TOO_MANY);
      break;
    }
    const checked = checkJson(schema, element, path, report);
    if (checked !== undefined) value.push({ value: checked, path });
  }
  return { value, problems, report };
}

function textual<T>(what: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", message: what, input: text });
    return z.NEVER;
  });
}

/** An IPv4 or IPv6 address in a string. */
export const addressText = textual("an address", parseAddress);

/** An Ethernet address in a string. */
export const macText = textual("an Ethernet address", parseMac);
