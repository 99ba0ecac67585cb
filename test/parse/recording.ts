import { readFileSync } from "node:fs";
import type { Problem } from "../../src/model/problem.ts";

/** A recording of one small host: the same state in all forms that iproute2, bridge and net-tools print. */
export function recorded(name: string): string {
  return readFileSync(new URL(`iproute2/${name}`, import.meta.url), "utf8");
}

/** Problems as "file:line:column+span message". */
export function places(problems: readonly Problem[]): string[] {
  return problems.map(({ file, line, column, span, message }) => `${file}:${line}:${column}+${span} ${message}`);
}
