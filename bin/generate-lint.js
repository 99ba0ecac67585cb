#!/usr/bin/env node
// Writes src/lint/index.ts: one import per file in rules/. With --check it only says whether the file is up to date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../src/lint/", import.meta.url);
const stems = readdirSync(new URL("rules/", folder))
  .filter((name) => /^NT\d{3}-.*\.ts$/.test(name))
  .map((name) => name.slice(0, -3))
  .sort();
const id = (stem) => stem.slice(0, 5);

const text = [
  "// Written by bin/generate-lint.js: do not edit.\n",
  'import type { LintRule } from "./lint-rule.ts";\n',
  ...stems.map((stem) => `import { rule as ${id(stem)} } from "./rules/${stem}.ts";\n`),
  "\n/** Every lint rule, one file each in rules/, by id. */\n",
  "export const RULES: readonly LintRule[] = [\n",
  ...stems.map((stem) => `  ${id(stem)},\n`),
  "];\n",
].join("");

const index = new URL("index.ts", folder);
if (!process.argv.includes("--check")) writeFileSync(index, text);
else if (readFileSync(index, "utf8") !== text) {
  process.stderr.write("src/lint/index.ts is stale: run node bin/generate-lint.js\n");
  process.exitCode = 1;
}
