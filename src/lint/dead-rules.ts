import type { Chain, Rule, Table } from "../model/rule.ts";
import type { Reached, Taker } from "../sets/reach.ts";
import { meaning } from "./conditions.ts";
import type { LintContext } from "./context.ts";
import { type ChainOf, chainsOf, type LintedRules, rulesByLine } from "./linted-rules.ts";
import { isManaged } from "./managed-chains.ts";
import { reachOf } from "./reach.ts";
import { reachableRules } from "./unreachable.ts";

/** A line whose rules no packet can match, though packets get to them. */
export interface DeadLine extends ChainOf {
  readonly line: number;
  readonly rule: Rule;
  /** Who takes the packets that they would match; none where no such packet ever comes. */
  readonly takers: readonly Taker[];
}

/** The dead lines of a ruleset that are not plain to see: neither behind a rule that takes everything nor the same as one before. */
export function* deadLines(rules: LintedRules, { config }: LintContext): Generator<DeadLine> {
  for (const { table, chain } of chainsOf(rules)) {
    if (isManaged(chain.name, config.managedChains)) continue;
    yield* deadIn(rules, table, chain);
  }
}

function* deadIn(rules: LintedRules, table: Table, chain: Chain): Generator<DeadLine> {
  const reach = reachOf(rules.ruleset, table);
  for (const [line, own] of rulesByLine(reachableRules(table, chain))) {
    const reached = own.map((rule) => reach.of(rule));
    const [rule] = own;
    if (!rule || !reached.every((one) => one !== undefined && isDead(one))) continue;
    const takers = new Map<Rule, Taker>();
    for (const one of reached) for (const [by, taker] of one?.takers ?? []) if (!own.includes(by)) takers.set(by, taker);
    const all = [...takers.values()].sort((a, b) => a.by.rule.line - b.by.rule.line);
    if (all.some(({ by }) => by.chain === chain.name && meaning(by.rule) === meaning(rule))) continue;
    yield { table, chain, line, rule, takers: all };
  }
}

const isDead = ({ packet, isOpen }: Reached): boolean => packet === undefined && !isOpen;
