import { z } from "zod";
import type { Host, Namespace } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { checkJson, jsonReporter, readJson } from "./json.ts";
import { type Inputs, readNamespace } from "./namespace.ts";

const headSchema = z.looseObject({
  version: z.literal(1),
  hostname: z.string().nullish(),
  kernel: z.string().nullish(),
  takenAt: z.string().nullish(),
  namespaces: z.array(z.string()).nullish(),
});

interface Head {
  readonly hostname?: string;
  readonly kernel?: string;
  readonly takenAt?: bigint;
  readonly namespaces: readonly string[];
}

function readHead(text: string | undefined, file: string): Parsed<Head> {
  if (text === undefined) return { value: { namespaces: [] }, problems: [] };
  const problems: Problem[] = [];
  const json = readJson(text, file);
  if (json.problems.length > 0) return { value: { namespaces: [] }, problems: json.problems };
  const head = checkJson(headSchema, json.value, "", jsonReporter(text, file, problems));
  const takenAt = Date.parse(head?.takenAt ?? "");
  const value = {
    ...(Number.isNaN(takenAt) ? {} : { takenAt: BigInt(takenAt) * 1_000_000n }),
    ...(head?.hostname && { hostname: head.hostname }),
    ...(head?.kernel && { kernel: head.kernel }),
    namespaces: head?.namespaces ?? [],
  };
  return { value, problems };
}

/** Reads a snapshot from its files by path from its root; `name` stands before the paths in messages. A file that is not there is not known. */
export function readSnapshot(files: ReadonlyMap<string, string>, name: string): Parsed<Host> {
  const path = (file: string) => (name === "" ? file : `${name.replace(/\/+$/, "")}/${file}`);
  const head = readHead(files.get("snapshot.json"), path("snapshot.json"));
  const folders = [...files.keys()].flatMap((file) => /^netns\/([^/]+)\/[^/]+$/.exec(file)?.[1] ?? []).sort();
  const names = new Set([...head.value.namespaces, ...folders]);
  const problems: Problem[] = [...head.problems];
  if (names.size === 0 && problems.length === 0) {
    problems.push({ file: name, message: "this is not a snapshot: expected snapshot.json or a folder netns/NAME with files in it" });
  }
  const namespaces = new Map<string, Namespace>();
  for (const netns of names) {
    const inputs: Inputs = (...candidates) => {
      for (const candidate of candidates) {
        const file = `netns/${netns}/${candidate}`;
        const text = files.get(file);
        if (text !== undefined) return { text, file: path(file) };
      }
      return undefined;
    };
    const namespace = readNamespace(netns, inputs);
    for (const problem of namespace.problems) problems.push(problem);
    namespaces.set(netns, namespace.value);
  }
  const { namespaces: _names, ...rest } = head.value;
  return { value: { namespaces, ...rest }, problems };
}
