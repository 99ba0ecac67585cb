import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Lowest first: a room imports only itself and the rooms before it. */
const ROOMS = [
  "grammars",
  "src/model",
  "src/extensions",
  "src/sets",
  "src/wire",
  "src/parse",
  "src/engine",
  "src/jobs",
  "src/explain",
  "src/probe",
  "src/lint",
  "src/search",
  "src/render",
  "src/commands",
  "bin",
];

/** Exceptions that make the order stricter. */
const NEVER: readonly (readonly [from: string, to: string])[] = [["src/engine", "src/parse"]];

/** Only this room touches the file system, and prints. */
const HANDS = ["src/commands", "bin"];

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function importsOf(file: string, text: string): Import[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\b[^;"'`]*?["']([^"'\n]+)["']/gm),
    ...code.matchAll(/\bimport\(\s*["']([^"'\n]+)["']/g),
  ];
  return found.map((match) => ({ file, specifier: match[1] ?? "" }));
}

function posix(path: string): string {
  return path.split(sep).join("/");
}

function roomOf(path: string): number {
  return ROOMS.findIndex((room) => path.startsWith(`${room}/`));
}

function complaint({ file, specifier }: Import): string | undefined {
  const from = roomOf(file);
  if (from < 0) return `${file} lies in no room`;
  if (/^(node:)?fs\b/.test(specifier) && !HANDS.includes(ROOMS[from] ?? ""))
    return `${file} imports ${specifier}: only commands read files`;
  if (!specifier.startsWith(".")) return undefined;
  // bin runs what was bundled.
  const target = posix(normalize(join(dirname(file), specifier))).replace("dist/nettrace.cjs", "src/commands/main.ts");
  const to = roomOf(target);
  if (to < 0) return `${file} imports ${target}, which lies in no room`;
  if (to > from) return `${file} imports ${target}: ${ROOMS[to]} stands above ${ROOMS[from]}`;
  if (NEVER.some(([a, b]) => a === ROOMS[from] && b === ROOMS[to])) return `${file} imports ${target}: they meet only in src/model`;
  return undefined;
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|js)$/.test(name))
    .map((name) => `${folder}/${posix(name)}`);
}

describe("architecture", () => {
  const files = ["src", "grammars", "bin"].flatMap(sources);
  const imports = files.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), "utf8")));

  it("sees the imports", () => {
    const rooms = new Set(imports.filter((i) => i.specifier.startsWith(".")).map((i) => ROOMS[roomOf(i.file)]));
    expect(files.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(files.length);
    expect([...rooms]).toEqual(
      expect.arrayContaining(["src/extensions", "src/parse", "src/engine", "src/explain", "src/render", "src/commands"]),
    );
  });

  it("has no import that points the wrong way", () => {
    expect(imports.map(complaint).filter((text) => text !== undefined)).toEqual([]);
  });

  it.each([
    ["src/model/trace.ts", `import { createReplay } from "../engine/replay.ts";`],
    ["src/explain/words.ts", `import {\n  table,\n} from "../render/table.ts";`],
    ["src/engine/nat.ts", `export * from "../parse/snapshot.ts";`],
    ["src/lint/run.ts", `type Table = import("../render/table.ts").Table;`],
    ["grammars/ip-rule.ts", `import type { Rule } from "../src/model/rule.ts";`],
    ["src/helpers/all.ts", `import "../model/rule.ts";`],
    ["src/render/json.ts", `import { writeFileSync } from "node:fs";`],
  ])("would catch a fault in %s", (file, text) => {
    expect(importsOf(file, text).map(complaint)).toEqual([expect.stringContaining(file)]);
  });

  it("lets the right way pass", () => {
    expect(importsOf("src/engine/nat.ts", `import { PROTOCOL } from "../model/packet.ts";`).map(complaint)).toEqual([undefined]);
    expect(importsOf("src/commands/explain.ts", `import { readFile } from "node:fs/promises";`).map(complaint)).toEqual([undefined]);
  });
});
