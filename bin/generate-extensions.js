#!/usr/bin/env node
// Writes src/extensions/index.ts: one import per file in matches/ and targets/. With --check it only says whether the file is up to date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../src/extensions/", import.meta.url);

function stems(kind) {
  return readdirSync(new URL(`${kind}/`, folder))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.slice(0, -3))
    .sort();
}

/** camelCase with a prefix, so that `set` and `SET`, or reserved words, never clash. */
function identifier(prefix, stem) {
  return prefix + stem.replace(/(^|-)([a-zA-Z0-9])/g, (_, __, letter) => letter.toUpperCase());
}

function list(name, type, prefix, names) {
  const items = names.map((stem) => `  ...${identifier(prefix, stem)}.specs,\n`).join("");
  return items === "" ? `export const ${name}: readonly ${type}[] = [];\n` : `export const ${name}: readonly ${type}[] = [\n${items}];\n`;
}

/** The text that src/extensions/index.ts should have. */
export function generate() {
  const matches = stems("matches");
  const targets = stems("targets");
  const imports = [
    ...matches.map((stem) => `import * as ${identifier("match", stem)} from "./matches/${stem}.ts";\n`),
    'import type { MatchSpec, TargetSpec } from "./spec.ts";\n',
    ...targets.map((stem) => `import * as ${identifier("target", stem)} from "./targets/${stem}.ts";\n`),
  ];
  return [
    "// Written by bin/generate-extensions.js: do not edit.\n",
    ...imports,
    "\n/** Every match, one file each in matches/. */\n",
    list("MATCHES", "MatchSpec", "match", matches),
    "\n/** Every target, one file each in targets/. */\n",
    list("TARGETS", "TargetSpec", "target", targets),
  ].join("");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const index = new URL("index.ts", folder);
  const text = generate();
  if (!process.argv.includes("--check")) writeFileSync(index, text);
  else if (readFileSync(index, "utf8") !== text) {
    process.stderr.write("src/extensions/index.ts is stale: run node bin/generate-extensions.js\n");
    process.exitCode = 1;
  }
}
