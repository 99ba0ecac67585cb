import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RULES } from "../../src/lint/index.ts";
import { lint } from "../../src/lint/run.ts";
import { contextOf, expectationsOf } from "./example.ts";

describe.each(RULES)("$id $name", (rule) => {
  it("finds in the bad example what that says, and nothing else of its kind", () => {
    const expected = expectationsOf(rule.bad).filter((one) => one.rule === rule.id);
    const found = lint(contextOf(rule.bad)).findings.filter((one) => one.rule === rule.id);
    expect(expected.length).toBeGreaterThan(0);
    expect(found.map(({ line, message }) => ({ line, message }))).toEqual(
      expected.map(({ line, text }) => ({ line, message: expect.stringContaining(text) })),
    );
    for (const [i, { column, endColumn }] of expected.entries()) {
      if (column !== undefined) expect(found[i]).toMatchObject({ column, endColumn });
    }
  });

  it("finds nothing in the good example", () => {
    expect(expectationsOf(rule.good)).toEqual([]);
    const { findings } = lint(contextOf(rule.good));
    expect(findings.filter((one) => one.rule === rule.id)).toEqual([]);
    // Examples are short, so that others may warn of what they leave out; what they have is to be right.
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("has an id and a name that are those of its file", () => {
    expect(readdirSync("src/lint/rules")).toContain(`${rule.id}-${rule.name}.ts`);
  });
});

it("ids and names are unique", () => {
  const all = RULES.flatMap(({ id, name }) => [id, name]);
  expect(new Set(all).size).toBe(all.length);
});

it("src/lint/index.ts is what bin/generate-lint.js writes", () => {
  expect(() => execFileSync(process.execPath, ["bin/generate-lint.js", "--check"], { stdio: "pipe" })).not.toThrow();
});
