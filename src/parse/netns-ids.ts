import { z } from "zod";
import { quote } from "../../grammars/words.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { isJson, readJsonList } from "./json.ts";
import { lineProblem, significantLines } from "./lines.ts";

/** A line of `ip netns`: a namespace by its name, by the number that another one calls it, or both. */
export interface NetnsName {
  readonly id?: number;
  readonly name?: string;
}

const schema = z.looseObject({ nsid: z.number().nullish(), id: z.number().nullish(), name: z.string().nullish() });

function named(id: number | null | undefined, name: string | null | undefined): NetnsName {
  return { ...(typeof id === "number" && { id }), ...(name && { name }) };
}

const numbered = (text: string | undefined) => (text === undefined ? undefined : Number(text));

function ofLine(text: string): NetnsName | undefined {
  const byId = /^\s*nsid (\d+)( |$)(?:.*\(iproute2 netns name: (.+)\)\s*$)?/.exec(text);
  if (byId) return named(numbered(byId[1]), byId[3]);
  // A name alone could be any text: only `(id: 3)` behind it tells one of several words from prose.
  const byName = /^(\S.*?) \(id: (\d+)\)\s*$/.exec(text) ?? /^([^\s"'<>[\]{}()]+)\s*$/.exec(text);
  return byName ? named(numbered(byName[2]), byName[1]) : undefined;
}

/** Reads `ip netns list` and `ip netns list-id`, text or JSON. */
export function parseNetnsNames(text: string, file: string): Parsed<NetnsName[]> {
  if (isJson(text)) {
    const { value, problems } = readJsonList(text, file, schema);
    return { value: value.map(({ value: { nsid, id, name } }) => named(nsid ?? id, name)), problems };
  }
  const names: NetnsName[] = [];
  const problems: Problem[] = [];
  for (const line of significantLines(text, file, problems)) {
    const found = ofLine(line.text);
    if (found) names.push(found);
    else {
      const message = `expected "nsid NUMBER (iproute2 netns name: NAME)" or "NAME (id: NUMBER)", found ${quote(line.text.trim())}`;
      problems.push(lineProblem(file, line, { message, column: 1, span: line.text.length }));
    }
  }
  return { value: names, problems };
}

/** The names by number; a number without a name belongs to a namespace that iproute2 did not make. */
export function parseNetnsIds(text: string, file: string): Parsed<Map<number, string>> {
  const { value, problems } = parseNetnsNames(text, file);
  const named = value.flatMap(({ id, name }): [number, string][] => (id !== undefined && name !== undefined ? [[id, name]] : []));
  return { value: new Map(named), problems };
}
