import { stripVTControlCharacters } from "node:util";
import type { Problem } from "../model/problem.ts";
import { problemsText } from "../render/problems.ts";

/** Exit codes that other people's scripts build on. */
export const EXIT = { done: 0, negative: 1, input: 2, partly: 3, interrupted: 130 } as const;

/** The input or the command line is wrong: what the user is told, and nothing else. */
export class InputFailure extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((p) => p.message).join("; "));
    this.problems = problems;
  }
}

/** A wrong use of the command line, in one sentence. */
export class UsageFailure extends Error {}

/** A thread ended that should not have. */
export class ThreadFailure extends Error {}

/** Ctrl-C, after which nothing is left behind. */
export class Interrupted extends Error {}

/** Stops when an input had problems. */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InputFailure(problems);
}

interface OclifError extends Error {
  readonly oclif?: { readonly exit?: number };
  readonly code?: string;
  readonly flags?: readonly string[];
  readonly args?: readonly { readonly name?: string }[] | Record<string, unknown> | readonly string[];
}

/** What to print and which code to exit with for anything that was thrown; no message for a quiet exit. */
export function describeFailure(thrown: unknown, command: string): { readonly message?: string; readonly code: number } {
  if (!(thrown instanceof Error)) return { message: bugText(String(thrown)), code: 70 };
  if (thrown instanceof InputFailure) return { message: problemsText(thrown.problems, errorWidth()), code: EXIT.input };
  if (thrown instanceof UsageFailure) return { message: `nettrace: ${thrown.message}`, code: EXIT.input };
  if (thrown instanceof ThreadFailure) return { message: `nettrace: ${thrown.message}`, code: EXIT.negative };
  if (thrown instanceof Interrupted) return { message: `nettrace: ${thrown.message}`, code: EXIT.interrupted };
  const error: OclifError = thrown;
  if (error.code === "EPIPE") return { code: EXIT.done };
  if (error.code === "EEXIT") return { code: error.oclif?.exit ?? EXIT.done };
  if (error.oclif)
    return {
      message: `nettrace: ${usageText(error)} (${helpHint(/^[Cc]ommand .* not found/.test(error.message) ? "" : command)})`,
      code: EXIT.input,
    };
  return { message: bugText(thrown.stack && process.env["DEBUG"] ? thrown.stack : thrown.message), code: 70 };
}

function helpHint(command: string): string {
  return `see ${["nettrace", command, "--help"].filter((word) => word).join(" ")}`;
}

function bugText(what: string): string {
  const more = process.env["DEBUG"] ? "" : "\nPlease report it with the command that you ran; DEBUG=1 shows where it happened.";
  return `nettrace: this is a bug in nettrace, not in your input: ${what}${more}`;
}

function errorWidth(): number {
  return process.stderr.columns ?? 100;
}

/** oclif's several lines as one: "unknown flag --foo". */
function usageText(error: OclifError): string {
  const text = stripVTControlCharacters(error.message).replace(/\nSee more help with --help.*/s, "");
  const missing = /^Missing \d+ required args?:/.test(text);
  if (missing && Array.isArray(error.args)) {
    const names = error.args.map((arg) => (typeof arg === "object" ? (arg.name ?? "") : arg).toUpperCase());
    return `missing ${names.join(", ")}`;
  }
  const unknown = /^Nonexistent flags?: (.*)$/s.exec(text);
  if (unknown) return `there is no flag ${unknown[1]}`;
  const notFound = /^[Cc]ommand (.*) not found/.exec(text);
  if (notFound) return `there is no command "${notFound[1]}"`;
  const contradiction = /(--[a-z0-9-]+)(?:=.*?)? cannot also be provided when using (--[a-z0-9-]+)/s.exec(text);
  if (contradiction) return `${contradiction[1]} and ${contradiction[2]} contradict each other: give one of them`;
  const parsing = /^Parsing (--[a-z0-9-]+)\s+(.*)$/s.exec(text);
  if (parsing) return `${parsing[1]}: ${lower(parsing[2] ?? "")}`;
  const failed = /^The following errors? occurred:\s*(.*)$/s.exec(text);
  const body = failed?.[1] ?? text;
  return lower(
    body
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line)
      .join("; "),
  );
}

function lower(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
