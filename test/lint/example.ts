import { DEFAULT_CONFIG, parseLintConfig } from "../../src/lint/config.ts";
import type { LintContext } from "../../src/lint/context.ts";
import { RULES } from "../../src/lint/index.ts";
import type { Example } from "../../src/lint/lint-rule.ts";
import { type LintedRules, readLintedRules } from "../../src/lint/linted-rules.ts";
import { detectKind } from "../../src/parse/detect.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";

const NAMES = new Set(RULES.flatMap(({ id, name }) => [id, name]));
const EXPECTATION = /^#( *)(\^{3,}) (NT\d{3}): (.*)$/;

/** A finding that an example says it has. */
export interface Expected {
  readonly rule: string;
  readonly line: number;
  readonly text: string;
  /** Where the carets stand under words. */
  readonly column?: number;
  readonly endColumn?: number;
}

/** What a text says of its own findings. */
function expectations(text: string): readonly Expected[] {
  let line = 0;
  return text.split("\n").flatMap((source, index) => {
    const [, blanks, carets, rule, said] = EXPECTATION.exec(source) ?? [];
    if (blanks === undefined || carets === undefined || rule === undefined || said === undefined) {
      line = index + 1;
      return [];
    }
    const columns = blanks === "" ? {} : { column: blanks.length + 2, endColumn: blanks.length + 2 + carets.length };
    return [{ rule, line, text: said, ...columns }];
  });
}

/** A text as rules are handed in. */
export function linted(text: string, file = "rules.txt"): LintedRules {
  return readLintedRules(text, file, detectKind(text) === "ip6tables-save" ? 6 : 4);
}

/** What rules look at when an example is checked. */
export function contextOf(example: Example): LintContext {
  if (typeof example === "string") return { rulesets: [linted(example)], config: DEFAULT_CONFIG };
  const files = new Map(Object.entries(example).map(([name, text]) => [pathOf(name), text]));
  // Not every format has remarks.
  const plain = [...files].map(([name, text]) => [name, text.replaceAll(new RegExp(EXPECTATION.source, "gm"), "")] as const);
  const { value: host, problems } = readSnapshot(new Map(plain), "");
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const rulesets = Object.entries(example).flatMap(([name, text]) => {
    const family = name === "iptables-save.txt" ? 4 : name === "ip6tables-save.txt" ? 6 : undefined;
    return family ? [readLintedRules(text, pathOf(name), family, "host")] : [];
  });
  const hostFiles = [...files].flatMap(([file, text]) => {
    const [, netns = "", name = ""] = /^netns\/([^/]+)\/([^/]+)$/.exec(file) ?? [];
    return name === "" ? [] : [{ netns, name, file, lines: text.split("\n") }];
  });
  const config = example[".nettrace.yaml"];
  return {
    rulesets,
    host,
    files: hostFiles,
    config: config === undefined ? DEFAULT_CONFIG : parseLintConfig(config, ".nettrace.yaml", NAMES).value,
  };
}

function pathOf(name: string): string {
  return name.includes("/") ? `netns/${name}` : `netns/host/${name}`;
}

/** The expectations of all files of an example. */
export function expectationsOf(example: Example): readonly Expected[] {
  return typeof example === "string" ? expectations(example) : Object.values(example).flatMap(expectations);
}
