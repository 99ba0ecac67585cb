import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { MATCHES, TARGETS } from "../../src/extensions/index.ts";

it("src/extensions/index.ts is what bin/generate-extensions.js writes", () => {
  expect(() => execFileSync(process.execPath, ["bin/generate-extensions.js", "--check"], { stdio: "pipe" })).not.toThrow();
});

it("docs/extensions.md and docs/lint/ are what bin/generate-docs.js writes", () => {
  expect(() => execFileSync(process.execPath, ["bin/generate-docs.js", "--check"], { stdio: "pipe" })).not.toThrow();
});

it("every file in matches/ and targets/ declares what it is named after", () => {
  const stems = (folder: string) => readdirSync(`src/extensions/${folder}`).map((name) => name.replace(/\.ts$/, ""));
  expect(stems("matches").sort()).toEqual([...new Set(MATCHES.map((spec) => spec.name))].sort());
  expect(stems("targets").sort()).toEqual([...new Set(TARGETS.map((spec) => spec.name))].sort());
});
