import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const UPDATE = process.env["UPDATE_SAMPLES"] === "1";

/** A console block: one command about a sample after "$ ", then what it prints. */
const BLOCK = /```console\n\$ (nettrace [^\n]*samples\/[^\n]*)\n([\s\S]*?)```\n/g;

function run(command: string): string {
  const words = [...command.matchAll(/"([^"]*)"|\S+/g)].map((match) => match[1] ?? match[0]);
  const env = { ...process.env, COLUMNS: "100", NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/run.js", ...words.slice(1)], { cwd: ROOT, env, encoding: "utf8" });
  expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: "" });
  return stdout;
}

/** Holds each block of a page against what its command prints now, or rewrites it. */
function checkPage(path: string): number {
  const page = readFileSync(join(ROOT, path), "utf8");
  const blocks = [...page.matchAll(BLOCK)];
  const printed = blocks.map((block) => run(block[1] ?? ""));
  if (UPDATE) {
    let next = 0;
    writeFileSync(
      join(ROOT, path),
      page.replaceAll(BLOCK, (_, command: string) => `\`\`\`console\n$ ${command}\n${printed[next++]}\`\`\`\n`),
    );
  } else {
    expect(blocks.map((block) => block[2])).toEqual(printed);
  }
  return blocks.length;
}

describe("samples", () => {
  const stories = readdirSync(join(ROOT, "samples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

  it("are all there", () => {
    expect(stories).toHaveLength(12);
  });

  it.each(stories)("%s: its README shows what the command prints", (story) => {
    for (const part of ["capture.pcap", "snapshot/snapshot.json", "record.sh", "README.md"]) {
      expect(existsSync(join(ROOT, "samples", story, part)), part).toBe(true);
    }
    expect(checkPage(`samples/${story}/README.md`)).toBeGreaterThan(0);
  });

  it("the project's README shows what its commands print", () => {
    expect(checkPage("README.md")).toBeGreaterThan(0);
  });
});
