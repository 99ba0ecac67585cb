import { describe, expect, it } from "vitest";
import { type CompiledRule, compileRuleset } from "../../src/engine/compile.ts";
import type { MatchResult, PacketContext } from "../../src/extensions/spec.ts";
import type { Rule, Ruleset } from "../../src/model/rule.ts";
import { covers } from "../../src/sets/box.ts";
import { Universe } from "../../src/sets/guard.ts";
import { seededDraw } from "../extensions/seeded-draw.ts";
import { aimedAt } from "./aimed.ts";
import { devicesOf, drawnPlan, drawnTable } from "./drawn-table.ts";

const RULESETS = Number(process.env["LINT_RULESETS"] ?? 200);
const PACKETS = 30;

/** What the rule's own conditions say, in their order. */
function asked(conditions: readonly { test(about: PacketContext): MatchResult }[], about: PacketContext): MatchResult {
  for (const condition of conditions) {
    const result = condition.test(about);
    if (result !== true) return result;
  }
  return true;
}

function rulesOf(ruleset: Ruleset): CompiledRule[] {
  const compiled = compileRuleset(ruleset, "host");
  const chains = [...compiled.values()].flatMap((table) => [...table.values()]);
  return chains.flatMap((chain) => Array.from({ length: chain.length }, (_, place) => chain.rule(place) as CompiledRule));
}

function shown(rule: Rule, { packet, ctState, mark, backend }: PacketContext) {
  return { rule: rule.text, packet, ctState, mark, backend };
}

describe("the packets that a rule matches", () => {
  it(`are what its extensions say, in ${RULESETS} tables`, () => {
    const found = { rules: 0, matched: 0, outside: 0, inside: 0, exact: 0 };
    for (let seed = 1; seed <= RULESETS; seed++) {
      const plan = drawnPlan(seed);
      const ruleset = drawnTable(seed, plan);
      const universe = new Universe(plan.family, plan.backend, devicesOf(ruleset));
      const d = seededDraw(seed, { ...plan, hooks: [plan.hook], protocol: undefined });
      for (const { rule, conditions } of rulesOf(ruleset)) {
        const guard = universe.guard(rule);
        found.rules++;
        if (guard.exact) found.exact++;
        for (let i = 0; i < PACKETS; i++) {
          const aimed = aimedAt(d, guard.over.length > 0 ? d.pick(guard.over) : universe.all, universe, plan);
          const result = asked(conditions, aimed.context);
          if (typeof result === "object") continue;
          const point = aimed.point(universe, guard.atoms);
          const isOver = guard.over.some((box) => covers(box, point));
          const isUnder = guard.under.some((box) => covers(box, point));
          if ((result === true && !isOver) || (isUnder && result !== true))
            expect({ result, isOver, isUnder, ...shown(rule, aimed.context) }).toBe("alike");
          if (result === true) found.matched++;
          if (isUnder) found.inside++;
          if (!isOver) found.outside++;
        }
      }
    }
    expect(found.matched).toBeGreaterThan(found.rules);
    expect(found.inside).toBeGreaterThan(found.rules);
    expect(found.outside).toBeGreaterThan(found.rules);
    expect(found.exact).toBeGreaterThan(found.rules / 2);
    if (process.env["LINT_RULESETS"]) process.stdout.write(`${JSON.stringify(found)}\n`);
  }, 600_000);
});
