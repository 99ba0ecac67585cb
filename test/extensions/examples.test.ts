import { describe, expect, it } from "vitest";
import { MATCHES, TARGETS } from "../../src/extensions/index.ts";
import { matchSpec, targetSpec } from "../../src/extensions/registry.ts";
import { saveOptions } from "../../src/extensions/save.ts";
import { familiesOf, readRule } from "./rule-words.ts";

const SPECS = [...MATCHES, ...TARGETS];

describe("every match and target", () => {
  it("is found by its name in each of its families", () => {
    expect(SPECS.length).toBeGreaterThan(50);
    for (const spec of SPECS) {
      for (const family of familiesOf(spec)) {
        const found = spec.kind === "match" ? matchSpec(spec.name, family) : targetSpec(spec.name, family);
        expect(found, `${spec.name} ${family}`).toBe(spec);
      }
    }
  });

  it("is not found in the other family", () => {
    expect(matchSpec("ttl", 6)).toBeUndefined();
    expect(targetSpec("HL", 4)).toBeUndefined();
    expect(matchSpec("nosuch")).toBeUndefined();
  });

  for (const spec of SPECS) {
    const family = familiesOf(spec)[0] ?? 4;
    describe(`${spec.kind} ${spec.name}${spec.families ? ` (IPv${spec.families.join()})` : ""}`, () => {
      it("has two examples or more, and one sentence of documentation", () => {
        expect(spec.examples.length).toBeGreaterThanOrEqual(2);
        expect(spec.doc).toMatch(/^[A-Z].*\.$/);
      });
      for (const { rule, saved, says } of spec.examples) {
        it(rule, () => {
          const { before, args } = readRule(rule, spec);
          expect(spec.check?.(args as never)).toBeUndefined();
          expect(spec.explain(args as never)).toBe(says);
          expect(`${before} ${saveOptions(spec, args, family)}`.trim()).toBe(saved ?? rule);
        });
        it(`${saved ?? rule} stays as it is`, () => {
          const { before, args } = readRule(saved ?? rule, spec);
          expect(`${before} ${saveOptions(spec, args, family)}`.trim()).toBe(saved ?? rule);
          expect(spec.explain(args as never)).toBe(says);
        });
      }
    });
  }
});
