import { isMap, isNode, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { Parsed, Problem } from "../model/problem.ts";
import { SEVERITIES, type Severity } from "./finding.ts";

const severity = z.enum([...SEVERITIES, "off"]);
const names = z.array(z.string().min(1));
const port = z.union([z.int().min(0).max(65_535), z.string().regex(/^\d{1,5}(?::\d{1,5})?$/, "expected a port or a range (a:b)")]);

const schema = z.strictObject({
  lint: z
    .strictObject({
      "fail-on": z.enum(SEVERITIES).optional(),
      rules: z.record(z.string(), severity).optional(),
      interfaces: z.record(z.string(), names).optional(),
      ports: z.record(z.string(), z.array(port)).optional(),
      "managed-chains": names.optional(),
      baseline: z.string().min(1).optional(),
    })
    .optional(),
});

/** The names under which a configuration is looked for, in each folder from the ruleset's upwards. */
export const CONFIG_NAMES = [".nettrace.yaml", ".nettrace.yml", ".nettrace.json"] as const;

/** What a configuration file says. */
export interface LintConfig {
  /** Severities by the id or name of a rule. */
  readonly rules: ReadonlyMap<string, Severity | "off">;
  readonly failOn?: Severity;
  /** Devices by the role that they play: "outside" → eth0, ppp+. A trailing `+` stands for anything, as in rules. */
  readonly interfaces: ReadonlyMap<string, readonly string[]>;
  /** Ports by what they are for: "admin" → 22, 8000:8100. */
  readonly ports: ReadonlyMap<string, readonly (readonly [number, number])[]>;
  /** Names of chains that programs fill, beside those that are known. */
  readonly managedChains: readonly string[];
  /** Path of the baseline, as written in the configuration. */
  readonly baseline?: string;
}

/** No configuration. */
export const DEFAULT_CONFIG: LintConfig = { rules: new Map(), interfaces: new Map(), ports: new Map(), managedChains: [] };

/** Reads a configuration: YAML, of which JSON is a part. `known` are the ids and names of rules. */
export function parseLintConfig(text: string, file: string, known: ReadonlySet<string>): Parsed<LintConfig> {
  try {
    return readDocument(text, file, known);
  } catch (error) {
    // The package calls itself for each level, and follows no more than a hundred aliases.
    if (!(error instanceof RangeError || error instanceof ReferenceError)) throw error;
    return { value: DEFAULT_CONFIG, problems: [{ file, message: "this is nested more deeply than any configuration" }] };
  }
}

function readDocument(text: string, file: string, known: ReadonlySet<string>): Parsed<LintConfig> {
  const counter = new LineCounter();
  const lines = text.split(/\r?\n/);
  const problems: Problem[] = [];
  const report = (offset: number, message: string) => {
    const { line, col } = counter.linePos(offset);
    problems.push({ file, line, column: col, message, source: lines[line - 1] ?? "", span: 1 });
  };
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  for (const error of document.errors) report(error.pos[0], error.message);
  if (problems.length > 0) return { value: DEFAULT_CONFIG, problems };
  const at = (path: readonly PropertyKey[]) => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return document.contents?.range?.[0] ?? 0;
  };
  const read = schema.safeParse(document.toJS() ?? {});
  for (const issue of read.error?.issues ?? []) {
    const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
    report(at(path), `${path.join(".") || "the configuration"}: ${lower(issue.message)}`);
  }
  const rules = document.getIn(["lint", "rules"], true);
  for (const { key } of isMap(rules) ? rules.items : []) {
    const name = String(isNode(key) ? key.toJSON() : key);
    if (!known.has(name)) report(isNode(key) ? (key.range?.[0] ?? 0) : 0, `there is no lint rule ${name}`);
  }
  return { value: read.success ? configOf(read.data.lint ?? {}) : DEFAULT_CONFIG, problems };
}

function configOf(lint: NonNullable<z.infer<typeof schema>["lint"]>): LintConfig {
  const ports = Object.entries(lint.ports ?? {}).map(([use, list]) => [use, list.map(portRange)] as const);
  return {
    rules: new Map(Object.entries(lint.rules ?? {})),
    ...(lint["fail-on"] && { failOn: lint["fail-on"] }),
    interfaces: new Map(Object.entries(lint.interfaces ?? {})),
    ports: new Map(ports),
    managedChains: lint["managed-chains"] ?? [],
    ...(lint.baseline && { baseline: lint.baseline }),
  };
}

function portRange(text: string | number): readonly [number, number] {
  const [first = 0, last = first] = String(text).split(":").map(Number);
  return [first, last];
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
