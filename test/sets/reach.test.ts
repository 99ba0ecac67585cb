import { describe, expect, it } from "vitest";
import { compileRuleset } from "../../src/engine/compile.ts";
import { hasPorts as hasPortsOf, type Packet, PROTOCOL } from "../../src/model/packet.ts";
import type { Rule, Ruleset, Table } from "../../src/model/rule.ts";
import { type Box, CUBES, covers, SPANS, type Span } from "../../src/sets/box.ts";
import { doingOf } from "../../src/sets/fates.ts";
import { Universe } from "../../src/sets/guard.ts";
import { Reach } from "../../src/sets/reach.ts";
import { seededDraw } from "../extensions/seeded-draw.ts";
import { aimedAt } from "./aimed.ts";
import { devicesOf, drawnPlan, drawnTable, type TablePlan } from "./drawn-table.ts";
import { runThrough } from "./run-through.ts";

const RULESETS = Number(process.env["LINT_RULESETS"] ?? 150);
const PACKETS = process.env["LINT_RULESETS"] ? 1000 : 60;
const FIRST = Number(process.env["LINT_SEED"] ?? 1);

const rulesOf = (table: Table): Rule[] => [...table.chains.values()].flatMap((chain) => [...chain.rules]);

function drawn(seed: number, plain = false) {
  const plan: TablePlan = plain ? { ...drawnPlan(seed), backend: "legacy" } : drawnPlan(seed);
  const ruleset = drawnTable(seed, plan, plain);
  const table = ruleset.tables.get(plan.table) as Table;
  const universe = new Universe(plan.family, plan.backend, devicesOf(ruleset));
  const reach = new Reach(table, universe);
  reach.follow(plan.hook);
  return { plan, ruleset, table, universe, reach };
}

function textOf(table: Table, plan: TablePlan): string {
  const rules = [...table.chains.values()].flatMap((chain) => chain.rules.map((rule) => rule.text));
  return `${plan.backend} ${plan.table} ${plan.hook}\n${rules.join("\n")}`;
}

const compiledTable = (ruleset: Ruleset, plan: TablePlan) => compileRuleset(ruleset, "host").get(plan.table) ?? new Map();

describe("the packets that come to a rule", () => {
  it(`are all that the replay brings there, in ${RULESETS} tables`, () => {
    const found = { rules: 0, never: 0, open: 0, taken: 0, some: 0 };
    for (let seed = FIRST; seed < FIRST + RULESETS; seed++) {
      const { plan, ruleset, table, universe, reach } = drawn(seed);
      const compiled = compiledTable(ruleset, plan);
      const d = seededDraw(seed, { ...plan, hooks: [plan.hook], protocol: undefined });
      const rules = rulesOf(table);
      const took = new Set<Rule>();
      for (const rule of rules) {
        found.rules++;
        const reached = reach.of(rule);
        if (reached?.packet) found.some++;
        else if (reached?.isOpen) found.open++;
        else found.never++;
        const { over } = reach.guard(rule);
        for (let i = 0; i < PACKETS / rules.length; i++) {
          const { context } = aimedAt(d, over.length > 0 ? d.pick(over) : universe.all, universe, plan);
          for (const one of runThrough(compiled, context).taken) {
            took.add(one);
            const other = reach.of(one);
            if (!other?.packet && !other?.isOpen)
              expect.fail(`seed ${seed}: "${one.text}" is taken\n${textOf(table, plan)}\n${JSON.stringify(context, shownValue)}`);
          }
        }
      }
      found.taken += took.size;
    }
    if (process.env["LINT_RULESETS"]) process.stdout.write(`${JSON.stringify(found)}\n`);
    expect(found.never).toBeGreaterThan(found.rules / 20);
    expect(found.taken).toBeGreaterThan(found.rules / 4);
    expect(found.open).toBeLessThan(found.rules / 100);
  }, 3_600_000);
});

/** A box without what a packet of its protocol does not have. */
function said(box: Box, { protocol, fragment }: Packet, universe: Universe): Box {
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
  const [hasPorts, hasFlags] = [hasPortsOf(protocol) || fragment !== undefined, protocol === PROTOCOL.tcp || fragment !== undefined];
  const isNone = (d: number) => (d === SPANS.sport && !hasPorts && !isIcmp) || (d === SPANS.dport && !hasPorts);
  return {
    ...box,
    spans: box.spans.map((span, d) => (isNone(d) ? (universe.all.spans[d] as Span) : span)),
    cubes: box.cubes.map((cube, d) => (d === CUBES.flags && !hasFlags ? { value: 0, mask: 0 } : cube)),
  };
}

const MARKS = [0, 1, 2, 3, 4, 16, 255, 0xffff, 0xffff_ffff];

const leadsOn = ({ target }: Rule) => target?.kind === "jump" || target?.kind === "goto";

/** Whether the sets say of a table's packets all that there is to say. */
function isPlain(table: Table, reach: Reach): boolean {
  return rulesOf(table).every((rule) => {
    const { exact, atoms } = reach.guard(rule);
    return (
      exact && atoms.length === 0 && (leadsOn(rule) || !["headers", "something", "may-end", "anything"].includes(doingOf(rule.target)))
    );
  });
}

describe("the packet of a rule that some come to", () => {
  it("takes it, where nothing but header values is asked for", () => {
    const found = { tables: 0, packets: 0, unnamed: 0 };
    for (let seed = FIRST; seed < FIRST + RULESETS; seed++) {
      const { plan, ruleset, table, universe, reach } = drawn(seed, true);
      if (!isPlain(table, reach) || reach.isBlurred) continue;
      found.tables++;
      const compiled = compiledTable(ruleset, plan);
      const d = seededDraw(seed, { ...plan, hooks: [plan.hook], protocol: undefined });
      const rules = rulesOf(table);
      for (const rule of rules) {
        const packet = reach.of(rule)?.packet;
        if (!packet) continue;
        const { context, point } = aimedAt(d, packet, universe, plan, true);
        // Not every place between names is one that a name can have.
        if (!covers(said(packet, context.packet, universe), point(universe, []))) {
          found.unnamed++;
          continue;
        }
        found.packets++;
        // What the set says of the mark is what it has become on the way.
        const marks = rules.some((one) => doingOf(one.target) === "mark") ? [...MARKS, context.mark] : [context.mark];
        if (!marks.some((mark) => runThrough(compiled, { ...context, mark }).taken.has(rule)))
          expect.fail(
            `seed ${seed}: "${rule.text}" is not taken\n${textOf(table, plan)}\n${JSON.stringify({ context, packet }, shownValue)}`,
          );
      }
    }
    if (process.env["LINT_RULESETS"]) process.stdout.write(`${JSON.stringify(found)}\n`);
    expect(found.tables).toBeGreaterThan(RULESETS / 2);
    expect(found.packets).toBeGreaterThan(found.tables * 2);
    expect(found.unnamed).toBeLessThan(found.packets / 4);
  }, 3_600_000);
});

const shownValue = (_: string, value: unknown) => (typeof value === "bigint" ? `0x${value.toString(16)}` : value);
