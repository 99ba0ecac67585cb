import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { linkTypeNames } from "../../src/wire/link-types.ts";

it("the documentation names every link type that is decoded", () => {
  const text = readFileSync(new URL("../../docs/captures.md", import.meta.url), "utf8");
  const told = text.slice(text.indexOf("## Link types"), text.indexOf("## What is replayed"));
  const words = new Set(told.match(/[A-Z0-9_]{3,}/g));
  expect(linkTypeNames().length).toBeGreaterThan(20);
  expect(linkTypeNames().filter((name) => !words.has(name))).toEqual([]);
});
