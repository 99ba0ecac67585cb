#!/usr/bin/env node
// Writes docs/extensions.md out of the extension specs, and docs/lint/ out of the lint rules. With --check it only says whether they are up to date.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle } from "./bundle.js";

const HEAD = `# Matches and targets

<!-- Written by bin/generate-docs.js: do not edit. -->

Every match and target that nettrace knows, with the options that iptables 1.8.9 takes.

- **Decided**: a capture and a snapshot tell what it does, and nettrace does what the kernel does. Where the snapshot lacks what a rule asks for
  (a set, an address, a device), or the capture cut it off, that is said and both ways are followed.
- **Forks**: it hangs on something that neither of them shows, which is named, and both ways are followed. \`--assume\` settles it where a flag is named.
- **Kept**: an extension that is not listed here is kept word for word, and both ways are followed.

`;

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** Two of one name have a section each, named after their families. */
function heading(specs, { name, families }) {
  return specs.filter((spec) => spec.name === name).length > 1 ? `${name} for IPv${families.join(" and IPv")}` : name;
}

/** What the reader sees first: which there are, what each means, and whether it is decided. */
function overview(specs) {
  const rows = specs.map((spec) => {
    const title = heading(specs, spec);
    return `| [${title}](#${title.toLowerCase().replaceAll(" ", "-")}) | ${cell(spec.doc)} | ${spec.forks === undefined ? "decided" : "forks"} |`;
  });
  return ["| name | meaning | |", "| --- | --- | --- |", ...rows, ""].join("\n");
}

function places(specs, { name, families, tables, hooks }) {
  const list = (what, names) => names && `${what}${names.length > 1 ? "s" : ""} ${names.join(", ")}`;
  const parts = [
    families && heading(specs, { name, families }) === name && `IPv${families.join(" and IPv")}`,
    list("table", tables),
    list("chain", hooks),
  ].filter((part) => part);
  return parts.length > 0 ? ` Only ${parts.join("; ")}.` : "";
}

/** An option's row: how it is written, and what follows it. */
function row({ flag, aliases = [], codec, negatable, required }) {
  const flags = [flag, ...aliases].map((name) => `\`${name}\``).join(", ");
  const value = codec.words === 0 ? "" : codec.expected;
  return `| ${negatable ? "[`!`] " : ""}${flags} | ${cell(value)}${required ? `${value && " "}(must be given)` : ""} |`;
}

function section(specs, spec) {
  const [example] = spec.examples;
  const rows = Object.values(spec.options).map(row);
  return [
    `### ${heading(specs, spec)}`,
    "",
    `${spec.doc}${places(specs, spec)}`,
    "",
    ...(rows.length > 0 ? ["| option | value |", "| --- | --- |", ...rows, ""] : []),
    `\`${example.rule}\`: ${example.says}`,
    "",
    spec.forks === undefined ? "Decided." : `Forks: ${spec.forks}.`,
    "",
  ].join("\n");
}

/** The text that docs/extensions.md should have. */
function page(matches, targets) {
  const byName = (specs) => specs.toSorted((a, b) => a.name.localeCompare(b.name, "en") || (a.families?.[0] ?? 0) - (b.families?.[0] ?? 0));
  const part = (title, specs) => [`## ${title}`, "", overview(specs), ...specs.map((spec) => section(specs, spec))].join("\n");
  return `${HEAD}${part("Matches", byName(matches))}\n${part("Targets", byName(targets))}`;
}

/** The page that lists all lint rules, group by group. */
function lintIndex(rules) {
  const groups = ["structure", "reachability", "exposure", "cost", "host"].filter((group) => rules.some((rule) => rule.group === group));
  const rows = (group) =>
    rules
      .filter((rule) => rule.group === group)
      .map(({ id, name, severity, isOff, summary }) => `| [${id}](${id}.md) | ${name} | ${isOff ? "off" : severity} | ${cell(summary)} |`);
  const parts = groups.map((group) =>
    [
      `## ${group.charAt(0).toUpperCase()}${group.slice(1)}`,
      "",
      "| id | name | severity | what is wrong |",
      "| --- | --- | --- | --- |",
      ...rows(group),
      "",
    ].join("\n"),
  );
  return ["# Lint rules", "", GENERATED, "", "What `nettrace lint` looks for. [How to live with it](../lint.md).", "", ...parts].join("\n");
}

const GENERATED = "<!-- Written by bin/generate-docs.js: do not edit. -->";

/** Every generated file and the text that it should have. */
async function generate() {
  const folder = mkdtempSync(join(tmpdir(), "nettrace-docs-"));
  const source = (path) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  const entries = { extensions: "extensions/index.ts", lint: "lint/index.ts", page: "render/lint/page.ts" };
  await bundle(Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, source(path)])), folder);
  const load = (name) => import(pathToFileURL(join(folder, `${name}.js`)).href);
  const { MATCHES, TARGETS } = await load("extensions");
  const { RULES } = await load("lint");
  const { pageMarkdown } = await load("page");
  rmSync(folder, { recursive: true });
  const pages = RULES.map((rule) => [`lint/${rule.id}.md`, pageMarkdown(rule).replace("\n", `\n\n${GENERATED}\n`)]);
  return new Map([["extensions.md", page(MATCHES, TARGETS)], ["lint/README.md", lintIndex(RULES)], ...pages]);
}

function current(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

const docs = fileURLToPath(new URL("../docs", import.meta.url));
const files = await generate();
mkdirSync(join(docs, "lint"), { recursive: true });
const left = readdirSync(join(docs, "lint")).filter((name) => !files.has(`lint/${name}`));
for (const [name, text] of files) {
  if (current(join(docs, name)) === text) continue;
  if (!process.argv.includes("--check")) writeFileSync(join(docs, name), text);
  else left.push(name);
}
if (left.length > 0) {
  process.stderr.write(`stale in docs: ${left.join(", ")} (run node bin/generate-docs.js, and remove what no rule is left for)\n`);
  process.exitCode = 1;
}
