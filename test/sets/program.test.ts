import { describe, expect, it } from "vitest";
import { compileRuleset } from "../../src/engine/compile.ts";
import type { Rule, Table } from "../../src/model/rule.ts";
import type { EndStep, RuleStep } from "../../src/model/trace.ts";
import { pointOf } from "../../src/search/point.ts";
import { FALSE, TRUE } from "../../src/sets/diagram.ts";
import type { End } from "../../src/sets/outcome.ts";
import { Program } from "../../src/sets/program.ts";
import { Walk } from "../../src/sets/walk.ts";
import { worldOf } from "../../src/sets/world.ts";
import { seededDraw } from "../extensions/seeded-draw.ts";
import { aimedAt } from "./aimed.ts";
import { drawnPlan, drawnTable } from "./drawn-table.ts";
import { runThrough } from "./run-through.ts";

const RULESETS = Number(process.env["SETS_RULESETS"] ?? 120);
const PACKETS = process.env["SETS_RULESETS"] ? 600 : 40;

/** What the last step in a table decided: the rule, or the policy. */
function deciderOf(steps: readonly (RuleStep | EndStep)[]): Rule | "policy" | undefined {
  const last = steps.at(-1);
  return last?.kind === "rule" ? last.rule : last?.kind === "policy" ? "policy" : undefined;
}

function drawn(seed: number) {
  const plan = drawnPlan(seed);
  const ruleset = drawnTable(seed, plan, seed % 2 === 0);
  const world = worldOf([ruleset]);
  const program = new Program(world, ruleset.tables.get(plan.table) as Table);
  return { plan, ruleset, world, program };
}

describe("what becomes of all packets of a table", () => {
  it(`is what the replay says of each, in ${RULESETS} tables`, () => {
    const found = { packets: 0, single: 0, ends: 0 };
    for (let seed = 1; seed <= RULESETS; seed++) {
      const { plan, ruleset, world, program } = drawn(seed);
      const { layout, outcomes } = world;
      const { diagrams, universe } = layout;
      const whole = program.at(plan.hook);
      const compiled = compileRuleset(ruleset, "host").get(plan.table) ?? new Map();
      const d = seededDraw(seed, { ...plan, hooks: [plan.hook], protocol: undefined });
      const rules = [...program.table.chains.values()].flatMap((chain) => [...chain.rules]);
      for (const rule of rules) {
        const { over, atoms } = universe.guard(rule);
        const named = rules.flatMap((one) => universe.guard(one).atoms).filter((atom) => !world.changes.isFickle(`atom ${atom}`));
        expect(atoms.length).toBeLessThan(100);
        for (let i = 0; i < PACKETS / rules.length; i++) {
          const { context, point } = aimedAt(d, over.length > 0 ? d.pick(over) : universe.all, universe, plan);
          const { steps } = runThrough(compiled, context);
          const decider = deciderOf(steps[0] ?? []);
          const at = layout.set([point(universe, [...new Set(named)])]);
          const entering = diagrams.and(at, program.entering(plan.hook));
          if (steps.length !== 1 || decider === undefined || entering === FALSE) continue;
          found.packets++;
          const leaves = new Set([...diagrams.leaves(diagrams.choose(entering, whole, FALSE))].filter((leaf) => leaf !== FALSE));
          if (leaves.size === 1) found.single++;
          const ends = [...leaves].map((leaf) => outcomes.of(leaf).end);
          const end = decider === "policy" ? "accept" : endOfRule(decider);
          if (end) found.ends++;
          if (end && !ends.includes(end))
            expect.fail(
              `seed ${seed}: ${end} by ${decider === "policy" ? decider : decider.text}, not ${ends}\n${rules.map((r) => r.text).join("\n")}`,
            );
        }
      }
    }
    if (process.env["SETS_RULESETS"]) process.stdout.write(`${JSON.stringify(found)}\n`);
    expect(found.single).toBeGreaterThan(found.packets / 2);
    expect(found.packets).toBeGreaterThan(RULESETS * 10);
    expect(found.ends).toBeGreaterThan(found.packets / 2);
  }, 3_600_000);

  it("is what a walk with any one of them finds, and who decides is found by looking for it", () => {
    const found = { walks: 0, rules: 0 };
    for (let seed = 1; seed <= RULESETS; seed++) {
      const { plan, world, program } = drawn(seed);
      const { diagrams } = world.layout;
      const whole = program.at(plan.hook);
      let left = program.entering(plan.hook);
      for (let i = 0; i < 12 && left !== FALSE; i++) {
        const { bits } = pointOf(world.layout, left, plan.hook);
        const decided = new Walk(program, bits).at(plan.hook);
        let node = whole;
        while (node >= 0) node = bits(diagrams.bit(node)) ? diagrams.high(node) : diagrams.low(node);
        expect(world.outcomes.of(node)).toMatchObject({ end: decided.end, words: decided.words });
        const { by } = decided;
        found.walks++;
        if ("rule" in by) found.rules++;
        const probe =
          "rule" in by ? ({ kind: "rule", chain: by.chain, rule: by.rule } as const) : ({ kind: "policy", chain: by.chain } as const);
        const hit = diagrams.mapped(program.looking(probe).at(plan.hook), (leaf) => (leaf === world.outcomes.hit ? TRUE : FALSE));
        let inside = hit;
        while (inside >= 0) inside = bits(diagrams.bit(inside)) ? diagrams.high(inside) : diagrams.low(inside);
        expect(inside).toBe(TRUE);
        left = diagrams.minus(left, hit);
      }
    }
    expect(found.walks).toBeGreaterThan(RULESETS * 2);
    expect(found.rules).toBeGreaterThan(found.walks / 2);
  });
});

function endOfRule({ target }: Rule): End | undefined {
  if (target?.kind === "verdict") return ({ ACCEPT: "accept", DROP: "drop", QUEUE: "queue", RETURN: undefined } as const)[target.verdict];
  return target?.kind === "extension" && target.name === "REJECT" ? "reject" : undefined;
}
