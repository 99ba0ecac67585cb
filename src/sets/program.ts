import { type Chain, chainOf, type Hook, type Rule, type Table } from "../model/rule.ts";
import { type Box, overlaps } from "./box.ts";
import { callersOf, leadingTo } from "./callers.ts";
import { Changes } from "./change.ts";
import { FALSE, type Node, TRUE } from "./diagram.ts";
import { type Effect, followedBy, NO_EFFECT } from "./effect.ts";
import { doingOf } from "./fates.ts";
import type { Layout } from "./layout.ts";
import { endOf, type Outcome, Outcomes } from "./outcome.ts";
import { entering } from "./reach.ts";

/** What programs over one layout share. */
export interface World {
  readonly layout: Layout;
  readonly outcomes: Outcomes;
  readonly changes: Changes;
  /** One list of rules after another. */
  readonly then: (first: Node, next: Node) => Node;
}

/** The things that programs share. */
export function makeWorld(layout: Layout): World {
  const outcomes = new Outcomes();
  const then = layout.diagrams.operation((a, b) => {
    if (a === outcomes.fall) return b;
    if (a < 0 || b === outcomes.fall) return a;
    return undefined;
  });
  return { layout, outcomes, changes: new Changes(layout), then };
}

/** What is looked for in a table: a rule, the first of a chain, or the end of a built-in one. */
export type Probe =
  | { readonly kind: "rule"; readonly chain: string; readonly rule: Rule }
  | { readonly kind: "chain" | "policy"; readonly chain: string };

const DEEPEST = 64;

/** What becomes of all packets in a table, as a function of their bits (ip_tables.c, ipt_do_table). */
export class Program {
  readonly world: World;
  readonly table: Table;
  readonly #probe: Probe | undefined;
  readonly #plain: Program | undefined;
  readonly #chains = new Map<string, Node>();
  readonly #segments = new Map<string, Node>();
  readonly #guards: Map<Rule, { readonly set: Node; readonly changes: boolean }>;
  readonly #affected: ReadonlySet<string>;
  readonly #within: readonly Box[] | undefined;
  readonly #followed: Node;

  /**
   * Only packets of `within` are followed, which must ask for nothing that rules change. `plain` is the program of the same table in which
   * nothing is looked for.
   */
  constructor(world: World, table: Table, within?: readonly Box[], probe?: Probe, plain?: Program) {
    this.world = world;
    this.#within = within;
    this.#followed = within ? world.layout.set(within) : TRUE;
    this.table = table;
    this.#probe = probe;
    this.#plain = plain;
    this.#guards = plain ? plain.#guards : new Map();
    this.#affected = probe ? leadingTo(table, probe.chain) : new Set();
  }

  /** The same with something that is looked for: packets that come to it have the leaf `hit`. */
  looking(probe: Probe): Program {
    return new Program(this.world, this.table, this.#within, probe, this.#plain ?? this);
  }

  /** The packets that enter at a hook, of those that are followed. Fragments behind the first are left out where iptables-nft takes their octets for ports. */
  entering(hook: Hook): Node {
    const { layout } = this.world;
    const box = entering(layout.universe, this.table.name, hook);
    const all = layout.diagrams.and(layout.set([box]), this.#followed);
    return layout.universe.backend === "nft" ? layout.diagrams.and(all, layout.withValue("fragment", 0)) : all;
  }

  /** What becomes of the packets that enter at a hook; all leaves are ends, or `hit`. */
  at(hook: Hook): Node {
    const { outcomes, layout } = this.world;
    const chain = this.table.chains.get(hook);
    const policy = chain?.policy ?? "ACCEPT";
    const isSought = this.#probe?.kind === "policy" && this.#probe.chain === hook;
    return layout.diagrams.mapped(chain ? this.#chain(chain, []) : outcomes.fall, (leaf) => {
      const outcome = outcomes.of(leaf);
      if (outcome.kind === "end" || outcome.kind === "hit") return leaf;
      return isSought ? outcomes.hit : this.#end({ end: policy === "ACCEPT" ? "accept" : "drop", words: "" }, outcome.effect);
    });
  }

  /** The packets that a rule matches, of those that are followed. */
  guard(rule: Rule): Node {
    return this.#guard(rule).set;
  }

  /** Whether a rule changes packets that it does not match. */
  changes(rule: Rule): boolean {
    return this.#guard(rule).changes;
  }

  #guard(rule: Rule): { readonly set: Node; readonly changes: boolean } {
    let guard = this.#guards.get(rule);
    if (guard === undefined) {
      const { layout } = this.world;
      const { over, changes } = layout.universe.guard(rule);
      const boxes = this.#within ? over.filter((box) => this.#within?.some((one) => overlaps(one, box))) : over;
      guard = { set: layout.diagrams.and(layout.set(boxes), this.#followed), changes };
      this.#guards.set(rule, guard);
    }
    return guard;
  }

  #chain(chain: Chain, path: readonly string[]): Node {
    if (this.#plain && !this.#affected.has(chain.name)) return this.#plain.#chain(chain, path);
    const known = this.#chains.get(chain.name);
    if (known !== undefined) return known;
    if (path.includes(chain.name) || path.length > DEEPEST) throw new RangeError(`chain ${chain.name} leads to itself`);
    const isSought = this.#probe?.kind === "chain" && this.#probe.chain === chain.name;
    const made = isSought ? this.world.outcomes.hit : this.#segment(chain, 0, chain.rules.length, [...path, chain.name]);
    this.#chains.set(chain.name, made);
    return made;
  }

  /** Some rules of a chain, one after another; halves are put together, so that each of them stays small. */
  #segment(chain: Chain, from: number, to: number, path: readonly string[]): Node {
    if (to - from === 0) return this.world.outcomes.fall;
    if (this.#plain && !this.#isAffected(chain, from, to)) return this.#plain.#segment(chain, from, to, path);
    const key = `${chain.name} ${from} ${to}`;
    let made = this.#segments.get(key);
    if (made === undefined) {
      const middle = (from + to) >> 1;
      const rule = chain.rules[from];
      made =
        to - from === 1 && rule
          ? this.#rule(rule, path)
          : this.#sequence(this.#segment(chain, from, middle, path), this.#segment(chain, middle, to, path));
      this.#segments.set(key, made);
    }
    return made;
  }

  #isAffected({ name, rules }: Chain, from: number, to: number): boolean {
    for (let i = from; i < to; i++) {
      const next = chainOf(rules[i]?.target);
      if (this.#probe?.kind === "rule" && this.#probe.chain === name && this.#probe.rule === rules[i]) return true;
      if (next !== undefined && this.#affected.has(next)) return true;
    }
    return false;
  }

  #rule(rule: Rule, path: readonly string[]): Node {
    const { layout, outcomes } = this.world;
    const { diagrams } = layout;
    if (this.guard(rule) === FALSE && !this.changes(rule)) return outcomes.fall;
    const done = this.#probe?.kind === "rule" && this.#probe.rule === rule ? outcomes.hit : this.#target(rule, path);
    const made = diagrams.choose(this.guard(rule), done, outcomes.fall);
    if (!this.changes(rule)) return made;
    const words = ` ${rule.text}`;
    return this.#sequence(outcomes.leaf({ kind: "fall", effect: { ...NO_EFFECT, since: words, anew: words } }), made);
  }

  #target(rule: Rule, path: readonly string[]): Node {
    const { outcomes, layout, changes } = this.world;
    const { target } = rule;
    if (target && "chain" in target) {
      const called = this.table.chains.get(target.chain);
      if (!called) throw new RangeError(`there is no chain ${target.chain}`);
      let node = this.#chain(called, path);
      if ((callersOf(this.table).get(target.chain)?.length ?? 0) > 1)
        node = this.#inCall(ruleKeys(this.table).get(rule) ?? rule.text, node);
      return layout.diagrams.mapped(node, (leaf) => {
        const outcome = outcomes.of(leaf);
        if (outcome.kind !== "fall" && outcome.kind !== "return") return leaf;
        return outcomes.leaf({ ...outcome, kind: target.kind === "goto" ? "return" : "fall" });
      });
    }
    const doing = doingOf(target);
    if (doing === "return") return outcomes.back;
    const end = endOf(target, doing);
    if (end) return this.#end(end, NO_EFFECT);
    const effect = changes.of(rule);
    if (effect !== "unknown") return outcomes.leaf({ kind: "fall", effect });
    const words = target?.kind === "extension" ? [target.name, ...target.words].join(" ") : "QUEUE";
    const takes = layout.diagrams.node(layout.extra(`${words} ends`), FALSE, TRUE);
    const goesOn = outcomes.leaf({ kind: "fall", effect: { ...NO_EFFECT, since: ` ${words}`, anew: ` ${words}` } });
    return layout.diagrams.choose(takes, this.#end({ end: "unknown", words }, NO_EFFECT), goesOn);
  }

  #inCall(call: string, node: Node): Node {
    const { changes } = this.world;
    return changes.before(
      (bit) => ({ bit: changes.inCall(call, bit), turned: false }),
      node,
      (leaf) => leaf,
    );
  }

  /** One list of rules after another; what the first changed of packets, the second sees. */
  #sequence(first: Node, next: Node): Node {
    const { layout, outcomes, then } = this.world;
    const { diagrams } = layout;
    let made = then(first, next);
    if (!outcomes.hasEffects) return made;
    for (const leaf of diagrams.leaves(first)) {
      const { kind, effect } = outcomes.of(leaf);
      if (kind !== "fall" || leaf === outcomes.fall) continue;
      const changed = diagrams.mapped(first, (one) => (one === leaf ? TRUE : FALSE));
      made = diagrams.choose(changed, this.#after(effect, next), made);
    }
    return made;
  }

  #after(effect: Effect, next: Node): Node {
    const { changes, outcomes } = this.world;
    return changes.before(
      (bit) => changes.seen(effect, bit),
      next,
      (leaf) => {
        const outcome = outcomes.of(leaf);
        const both = followedBy(effect, outcome.effect);
        if (outcome.kind === "hit") return leaf;
        return outcome.end
          ? this.#end({ end: outcome.end, words: outcome.words ?? "" }, both)
          : outcomes.leaf({ ...outcome, effect: both });
      },
    );
  }

  #end({ end, words }: Pick<Required<Outcome>, "end" | "words">, effect: Effect): Node {
    const kept = end === "drop" || end === "reject" || end === "unknown" ? NO_EFFECT : { ...effect, since: "" };
    return this.world.outcomes.leaf({ kind: "end", end, words, effect: kept });
  }
}

const keys = new WeakMap<Table, ReadonlyMap<Rule, string>>();

/** A name of each rule of a table that stays the same when others are added: its words, and how many of the same stand before it. */
export function ruleKeys(table: Table): ReadonlyMap<Rule, string> {
  const known = keys.get(table);
  if (known) return known;
  const made = new Map<Rule, string>();
  for (const { name, rules } of table.chains.values()) {
    const counts = new Map<string, number>();
    for (const rule of rules) {
      const count = counts.get(rule.text) ?? 0;
      counts.set(rule.text, count + 1);
      made.set(rule, `${table.name} ${name} ${rule.text} ${count}`);
    }
  }
  keys.set(table, made);
  return made;
}
