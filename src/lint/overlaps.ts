import type { Rule } from "../model/rule.ts";
import { type Box, covers, intersection } from "../sets/box.ts";
import { BoxIndex } from "../sets/box-index.ts";
import { difference } from "../sets/difference.ts";
import { doingOf } from "../sets/fates.ts";
import type { Guard } from "../sets/guard.ts";
import type { Reach } from "../sets/reach.ts";
import { isUnconditional } from "./conditions.ts";
import type { LintContext } from "./context.ts";
import { outcomeOf } from "./deeds.ts";
import type { Witness } from "./finding.ts";
import { type ChainOf, chainsOf, type LintedRules } from "./linted-rules.ts";
import { isManaged } from "./managed-chains.ts";
import { reachOf, universeOf } from "./reach.ts";
import { reachableRules } from "./unreachable.ts";
import { witnessOf } from "./witness.ts";

/** Boxes of one rule that are compared. */
const MOST_BOXES = 16;
/** Rules before one that are compared with it, and pairs of a chain. */
const MOST_BEFORE = 1_000;
const MOST_PAIRS = 200_000;
/** Pieces that a difference may fall into. */
const MOST_PIECES = 64;

/** Packets that are tried before there is none to show. */
const MOST_TRIES = 8;

/** What the packets of a rule are to those of another one, where both have some. */
export type Relation = "within" | "around" | "across" | "unknown";

/** A rule that decides over packets, all of which can be told by their headers. */
export interface Deciding {
  readonly rule: Rule;
  readonly does: "accept" | "drop";
  readonly guard: Guard;
}

/** A rule, and those before it in its chain that decide otherwise about some of its packets. */
export interface Overlap extends ChainOf {
  readonly rule: Deciding;
  readonly before: readonly (readonly [other: Deciding, relation: Relation])[];
}

/** The overlaps of rules with others before them, of a ruleset's chains that no program fills; only rules that `groupOf` gives the same name are compared. */
export function* overlaps(
  rules: LintedRules,
  { config }: LintContext,
  groupOf: (rule: Deciding, all: Box) => string | undefined,
): Generator<Overlap> {
  const { all } = universeOf(rules.ruleset);
  for (const { table, chain } of chainsOf(rules)) {
    if (table.name === "nat" || isManaged(chain.name, config.managedChains)) continue;
    const reach = reachOf(rules.ruleset, table);
    const groups = new Map<string, BoxIndex<Deciding>>();
    let pairs = 0;
    for (const rule of deciding(reachableRules(table, chain), reach)) {
      const name = groupOf(rule, all);
      if (name === undefined || pairs > MOST_PAIRS) continue;
      const index = groups.get(name) ?? new BoxIndex();
      groups.set(name, index);
      const near = rule.guard.over.flatMap((box) => index.touching(box, index.length, MOST_BEFORE).map(([, other]) => other));
      pairs += near.length;
      const others = [...new Set(near)].filter(({ does, rule: { line } }) => does !== rule.does && line !== rule.rule.line);
      if (others.length > 0) yield { table, chain, rule, before: others.map((other) => [other, relation(other, rule)] as const) };
      for (const box of rule.guard.over) index.add(box, rule);
    }
  }
}

function* deciding(rules: Iterable<Rule>, reach: Reach): Generator<Deciding> {
  for (const rule of rules) {
    const does = doingOf(rule.target);
    if ((does !== "accept" && does !== "drop") || isUnconditional(rule) || !reach.of(rule)?.packet) continue;
    const guard = reach.guard(rule);
    if (guard.exact && guard.atoms.length === 0 && guard.over.length <= MOST_BOXES) yield { rule, does, guard };
  }
}

/** What the packets of one rule are to those of another. */
function relation({ guard: { over: a } }: Deciding, { guard: { over: b } }: Deciding): Relation {
  const [within, around] = [isWithin(a, b), isWithin(b, a)];
  if (within === undefined || around === undefined) return "unknown";
  return within ? "within" : around ? "around" : "across";
}

function isWithin(inner: readonly Box[], outer: readonly Box[]): boolean | undefined {
  if (inner.every((box) => outer.some((one) => covers(one, box)))) return true;
  if (outer.length === 1) return false;
  const rest = difference(inner, outer, MOST_PIECES);
  return rest && rest.length === 0;
}

/** A packet that both rules match, and that the first of them gets. */
export function sharedPacket(
  context: LintContext,
  rules: LintedRules,
  { table, chain, rule }: Overlap,
  first: Deciding,
): Witness | undefined {
  const universe = universeOf(rules.ruleset);
  const outcome = outcomeOf({ table: table.name, chain: chain.name, rule: first.rule }, first.does);
  const shared = first.guard.over.flatMap((one) => rule.guard.over.flatMap((other) => intersection(one, other) ?? []));
  const entries = reachOf(rules.ruleset, table).entries(chain.name);
  const wanted = entries.flatMap(({ box, hook }) => shared.flatMap((one) => ({ box: intersection(one, box), hook })));
  for (const { box, hook } of wanted.filter(({ box: one }) => one !== undefined).slice(0, MOST_TRIES)) {
    const found = box && witnessOf(context, rules, universe, { box, hook, by: first.rule, outcome });
    if (found) return found;
  }
  return undefined;
}
