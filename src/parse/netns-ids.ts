import { z } from "zod";
import type { Parsed, Problem } from "../model/problem.ts";
import { readJsonList } from "./json.ts";
import { lineProblem, significantLines } from "./lines.ts";

const schema = z.looseObject({ nsid: z.number(), name: z.string().nullish() });

/** Reads `ip netns list-id`, text or JSON; an id without a name belongs to a namespace that iproute2 did not make. */
export function parseNetnsIds(text: string, file: string): Parsed<Map<number, string>> {
  if (/^\s*[[{]/.test(text)) {
    const { value, problems } = readJsonList(text, file, schema);
    return { value: new Map(value.flatMap(({ value: { nsid, name } }) => (name ? [[nsid, name]] : []))), problems };
  }
  const ids = new Map<number, string>();
  const problems: Problem[] = [];
  for (const line of significantLines(text)) {
    const match = /^\s*nsid (\d+)( |$)(?:.*\(iproute2 netns name: (.+)\)\s*$)?/.exec(line.text);
    if (match?.[3] !== undefined) ids.set(Number(match[1]), match[3]);
    if (match) continue;
    const message = `expected "nsid NUMBER (iproute2 netns name: NAME)", found "${line.text.trim()}"`;
    problems.push(lineProblem(file, line, { message, column: 1, span: line.text.length }));
  }
  return { value: ids, problems };
}
