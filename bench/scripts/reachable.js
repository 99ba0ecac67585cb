// reachable boxes|diagrams RULES: which rules of a ruleset packets can match, by one of the two representations; prints how many.
import { readFileSync } from "node:fs";
import { TABLE_HOOKS } from "../../src/model/rule.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { FALSE, TooLarge } from "../../src/sets/diagram.ts";
import { doingOf } from "../../src/sets/fates.ts";
import { Universe } from "../../src/sets/guard.ts";
import { entering, Reach } from "../../src/sets/reach.ts";
import { worldOf } from "../../src/sets/world.ts";

const [representation, file] = process.argv.slice(2);
const { value: ruleset } = parseIptablesSave(readFileSync(file, "utf8"), file, 4);
const { layout } = worldOf([ruleset]);
const { diagrams, universe } = layout;
const plain = new Universe(ruleset.family, ruleset.backend, universe.devices);
const find = { boxes: byBoxes, diagrams: byDiagrams }[representation];
if (!find) throw new Error("reachable boxes|diagrams RULES");
let visited = 0;
try {
  process.stdout.write(`${[...ruleset.tables.values()].reduce((sum, table) => sum + find(table), 0)} rules can be matched\n`);
} catch (error) {
  if (!(error instanceof TooLarge)) throw error;
  process.stderr.write(`given up at rule ${visited}, with ${diagrams.size} nodes\n`);
  process.exitCode = 1;
}

function byBoxes(table) {
  // As lint has it: what draws lots may match, and is no condition that has a name.
  const reach = new Reach(table, plain);
  for (const hook of TABLE_HOOKS[table.name]) reach.follow(hook);
  return count(table, (rule) => reach.of(rule)?.packet !== undefined || reach.of(rule)?.isOpen);
}

/** What diagrams do in the best of cases: nothing is kept but one set that shrinks from rule to rule, and marks are taken for unchanged. */
function byDiagrams(table) {
  const guards = new Map();
  const reached = new Set();
  const guard = (rule) => {
    if (!guards.has(rule)) guards.set(rule, layout.set(universe.guard(rule).over));
    return guards.get(rule);
  };
  const visit = (chain, came) => {
    let [left, back] = [came, FALSE];
    for (const rule of chain.rules) {
      visited++;
      const met = diagrams.and(left, guard(rule));
      if (met === FALSE) continue;
      reached.add(rule);
      const { target } = rule;
      if (target && "chain" in target) {
        const rest = visit(table.chains.get(target.chain), met);
        left = diagrams.minus(left, met);
        if (target.kind === "goto") back = diagrams.or(back, rest);
        else left = diagrams.or(left, rest);
        continue;
      }
      const doing = doingOf(target);
      if (doing === "nothing" || doing === "mark" || doing === "something") continue;
      if (!universe.guard(rule).exact) continue;
      if (doing === "return") back = diagrams.or(back, met);
      left = diagrams.minus(left, met);
    }
    return diagrams.or(left, back);
  };
  for (const hook of TABLE_HOOKS[table.name]) {
    const chain = table.chains.get(hook);
    if (chain) visit(chain, layout.set([entering(universe, table.name, hook)]));
  }
  return count(table, (rule) => reached.has(rule));
}

function count({ chains }, test) {
  return [...chains.values()].reduce((sum, { rules }) => sum + rules.filter(test).length, 0);
}
