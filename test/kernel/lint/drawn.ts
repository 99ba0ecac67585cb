import { describePacket } from "../../../src/commands/described-packet.ts";
import { DEFAULT_CONFIG } from "../../../src/lint/config.ts";
import type { LintContext } from "../../../src/lint/context.ts";
import { deadLines } from "../../../src/lint/dead-rules.ts";
import type { Finding } from "../../../src/lint/finding.ts";
import { type LintedRules, readLintedRules } from "../../../src/lint/linted-rules.ts";
import { reachOf, universeOf } from "../../../src/lint/reach.ts";
import { lint } from "../../../src/lint/run.ts";
import { reachableRules } from "../../../src/lint/unreachable.ts";
import type { Rule, Table } from "../../../src/model/rule.ts";
import { makeAnswer, makePacket } from "../../../src/wire/made-packet.ts";
import { seededDraw } from "../../extensions/seeded-draw.ts";
import { aimedAt } from "../../sets/aimed.ts";
import { drawnText, type TablePlan } from "../../sets/drawn-table.ts";
import { type Journey, journeyTo } from "./world.ts";

const FILE = "drawn";

/** A drawn ruleset, and what the linter says of it. */
export interface Drawn {
  readonly seed: number;
  readonly plan: TablePlan;
  readonly text: string;
  readonly rules: LintedRules;
  readonly table: Table;
  readonly findings: readonly Finding[];
}

/** Draws a ruleset and checks it. */
export function drawn(seed: number, plan: TablePlan): Drawn {
  const text = drawnText(seed, plan, seed % 2 === 0);
  const rules = readLintedRules(text, FILE, plan.family);
  const table = rules.ruleset.tables.get(plan.table);
  if (!table) throw new Error(`no table in\n${text}`);
  const config = { ...DEFAULT_CONFIG, rules: new Map([["NT023", "hint"]] as const) };
  return { seed, plan, text, rules, table, findings: lint({ rulesets: [rules], config }).findings };
}

/** The lines of rules that can never match, as the linter has it: those of findings, and all that they are folded into. */
export function deadLinesOf({ rules, table }: Drawn): ReadonlySet<number> {
  const context: LintContext = { rulesets: [rules], config: DEFAULT_CONFIG };
  const behind = [...table.chains.values()].flatMap((chain) => chain.rules.slice(reachableRules(table, chain).length));
  return new Set([...[...deadLines(rules, context)].map(({ line }) => line), ...behind.map(({ line }) => line)]);
}

/** Whether a finding says that no packet can match its rule. */
export function saysNever({ message }: Finding): boolean {
  return /^This rule\b.*\bcan never match\b/.test(message);
}

/** Rules that some packet of the hook matches, as the linter has it. */
export function liveRulesOf({ rules, table }: Drawn): readonly Rule[] {
  const reach = reachOf(rules.ruleset, table);
  return [...table.chains.values()].flatMap((chain) => chain.rules.filter((rule) => reach.of(rule)?.packet !== undefined));
}

/** Packets that have what a rule asks for, or nearly so: of those that come to it, where there are any. */
export function aimed({ seed, plan, rules, table }: Drawn, rule: Rule, count: number): readonly Journey[] {
  const { family, backend, hook } = plan;
  const universe = universeOf(rules.ruleset);
  const reach = reachOf(rules.ruleset, table);
  const own = reach.of(rule)?.packet;
  const boxes = own ? [own] : reach.guard(rule).over;
  const d = seededDraw(seed * 1000 + rule.line, { family, backend, table: plan.table, hooks: [hook], protocol: undefined });
  return Array.from({ length: count }, (_, i) => {
    const box = boxes.length > 0 ? d.pick(boxes) : universe.all;
    const { context } = aimedAt(d, box, universe, plan, own !== undefined || i % 3 < 2);
    return journeyTo(hook, context.packet, context.in, context.out, context.mark);
  }).filter(({ packet }) => packet.fragment === undefined);
}

/** The packet of a finding's command, as it goes by the route that the command is given; undefined where the command has more than one packet. */
export function witnessJourney({ plan: { hook } }: Drawn, { witness }: Finding): Journey | undefined {
  if (!witness) return undefined;
  const [, route = "", line = ""] = /^(?:(?:echo|printf) ["']([^"']*)["'] \| )?nettrace packet (.*)$/.exec(witness.packet) ?? [];
  const words = line.split(" ");
  if (line === "" || words.includes("--reply") || words.includes("--too-big")) return undefined;
  const after = (flag: string) => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
  const [protocol = "", src = "", dst = ""] = words;
  const packet = makePacket(
    describePacket({ protocol, src, dst, flags: after("--flags"), type: after("--type"), code: numberOf(after("--code")) }),
  );
  const [input, out] = [after("--in"), /^(?:default|::\/0) dev (\S+)/.exec(route)?.[1]];
  const isHere = new RegExp(`\\blocal ${dst.replace(/:\d+$/, "").replace(/[[\]]/g, "")}(?![\\w.:])`).test(route);
  const goesOut = !isHere && (out !== undefined || input === undefined || hook === "FORWARD" || hook === "POSTROUTING");
  return { packet, ...(input !== undefined && { in: input }), ...(goesOut && { out: out ?? "out0" }) };
}

/** The answer to a packet, on its way back. */
export function answerTo({ packet, in: input, out }: Journey): Journey | undefined {
  const answer = makeAnswer(packet);
  return answer && { packet: answer, ...(out !== undefined && { in: out }), ...(input !== undefined && { out: input }) };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
