import type { Chain, Rule, Table } from "../model/rule.ts";
import { type Box, intersection } from "../sets/box.ts";
import { callersOf } from "../sets/callers.ts";
import type { Universe } from "../sets/guard.ts";
import type { World } from "../sets/program.ts";

/**
 * The rules that stand in one of two tables only, or elsewhere among the others; undefined where a policy differs, which may concern any
 * packet. A packet that matches none of them meets the same rules in both, in the same order.
 */
function changedRules(before: Table, after: Table): ReadonlySet<Rule> | undefined {
  const changed = new Set<Rule>();
  for (const name of new Set([...before.chains.keys(), ...after.chains.keys()])) {
    const [one, other] = [before.chains.get(name), after.chains.get(name)];
    if ((one?.policy ?? other?.policy) !== undefined && (one?.policy ?? "ACCEPT") !== (other?.policy ?? "ACCEPT")) return undefined;
    for (const rule of changedIn(one, other)) changed.add(rule);
  }
  return changed;
}

function changedIn(before: Chain | undefined, after: Chain | undefined): readonly Rule[] {
  const [old, now] = [before?.rules ?? [], after?.rules ?? []];
  let start = 0;
  while (start < old.length && start < now.length && old[start]?.text === now[start]?.text) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end)?.text === now.at(-1 - end)?.text) end++;
  const [left, right] = [old.slice(start, old.length - end), now.slice(start, now.length - end)];
  const kept = keptPairs(left, right);
  const [keptLeft, keptRight] = [new Set(kept.map(([i]) => i)), new Set(kept.map(([, j]) => j))];
  return [...left.filter((_, i) => !keptLeft.has(i)), ...right.filter((_, j) => !keptRight.has(j))];
}

/** As many rules that stand once in both lists as are in the same order in both. */
function keptPairs(left: readonly Rule[], right: readonly Rule[]): readonly (readonly [number, number])[] {
  const [places, others] = [singles(left), singles(right)];
  const pairs = [...places].flatMap(([text, i]) => {
    const j = others.get(text);
    return j === undefined ? [] : [[i, j] as const];
  });
  // The longest rising sequence: the last pair of the best one of each length, and who comes before it.
  const ends: number[] = [];
  const previous: (number | undefined)[] = [];
  for (const [at, [, j]] of pairs.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] as number]?.[1] ?? 0) < j) low = middle + 1;
      else high = middle;
    }
    previous.push(low > 0 ? ends[low - 1] : undefined);
    ends[low] = at;
  }
  const kept: (readonly [number, number])[] = [];
  for (let at = ends.at(-1); at !== undefined; at = previous[at]) kept.push(pairs[at] as readonly [number, number]);
  return kept;
}

function singles(rules: readonly Rule[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { text } of rules) counts.set(text, (counts.get(text) ?? 0) + 1);
  return new Map(rules.flatMap(({ text }, i) => (counts.get(text) === 1 ? [[text, i] as const] : [])));
}

/**
 * The packets of two tables that may match a rule in which they differ, as far as that hangs on what no rule of a table changes: addresses,
 * ports, protocol and devices. Undefined where these are too many boxes to be worth it.
 */
export function concerned({ layout }: World, before: Table, after: Table): readonly Box[] | undefined {
  const changed = changedRules(before, after);
  if (!changed) return undefined;
  const boxes: Box[] = [];
  for (const table of [before, after]) {
    const ways = new Ways(layout.universe, table);
    for (const [name, { rules }] of table.chains) {
      const own = rules.filter((rule) => changed.has(rule));
      for (const rule of own) for (const box of ways.through(rule, ways.to(name))) boxes.push(box);
    }
  }
  return boxes.length > MOST_CONCERNED ? undefined : boxes;
}

const MOST_CONCERNED = 400;
const MOST_OF_CHAIN = 24;

/** The packets that come to chains, by the rules that lead there. */
class Ways {
  readonly #universe: Universe;
  readonly #table: Table;
  readonly #known = new Map<string, readonly Box[]>();

  constructor(universe: Universe, table: Table) {
    this.#universe = universe;
    this.#table = table;
  }

  to(name: string): readonly Box[] {
    const known = this.#known.get(name);
    if (known) return known;
    // A chain that leads to itself is refused elsewhere.
    this.#known.set(name, [this.#universe.all]);
    const isBuiltIn = this.#table.chains.get(name)?.policy !== undefined;
    const found = isBuiltIn
      ? []
      : (callersOf(this.#table).get(name) ?? []).flatMap(({ chain, rule }) => this.through(rule, this.to(chain.name)));
    const boxes = isBuiltIn || found.length > MOST_OF_CHAIN ? [this.#universe.all] : found;
    this.#known.set(name, boxes);
    return boxes;
  }

  /** Of some packets those that a rule may match. */
  through(rule: Rule, boxes: readonly Box[]): readonly Box[] {
    const own = this.#universe.guard(rule).over.map((box) => ({ ...this.#universe.all, spans: box.spans }));
    return own.flatMap((box) => boxes.flatMap((one) => intersection(one, box) ?? []));
  }
}
