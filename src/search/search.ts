import type { Family } from "../model/address.ts";
import type { Hook, Rule, Table, TableName } from "../model/rule.ts";
import { TABLE_HOOKS } from "../model/rule.ts";
import type { Way } from "../model/trace.ts";
import type { Replayed } from "../probe/replays.ts";
import { type Box, intersection, SPANS } from "../sets/box.ts";
import { leadingTo } from "../sets/callers.ts";
import { FALSE, type Node, TooLarge, TRUE } from "../sets/diagram.ts";
import type { Field, Spans } from "../sets/layout.ts";
import type { Decider, End } from "../sets/outcome.ts";
import { type Probe, Program, type World } from "../sets/program.ts";
import { Walk } from "../sets/walk.ts";
import { worldOf } from "../sets/world.ts";
import { type Decision, decisionOf, replayedDecision } from "./decision.ts";
import { type Machine, replaysOf } from "./machine.ts";
import { pointOf } from "./point.ts";
import { isWished } from "./wished.ts";

/** What a packet is to be like: each field in one of some spans; devices by name. */
export interface Wish {
  readonly fields: ReadonlyMap<Field, Spans>;
  readonly devices: Readonly<Partial<Record<"in" | "out", string>>>;
}

/** What is to become of it. */
export type Goal =
  | { readonly kind: "rule"; readonly chain: string; readonly number: number }
  | { readonly kind: "chain"; readonly chain: string }
  | { readonly kind: "verdict"; readonly verdict: End };

/** A question about one table. */
export interface Question {
  readonly table: TableName;
  readonly hooks: readonly Hook[];
  readonly goal: Goal;
  readonly wish: Wish;
}

/** A packet that the replay confirms; or none, and who takes all that were meant; or why it was not found out. */
export type Answer =
  | { readonly kind: "found"; readonly hook: Hook; readonly replayed: Replayed; readonly decision: Decision | undefined }
  | { readonly kind: "none"; readonly family: Family; readonly reasons: readonly string[]; readonly takers: readonly Decision[] }
  | { readonly kind: "unknown"; readonly because: string };

const MOST_TAKERS = 12;
const MOST_TRIES = 24;
/** What the next packet that is tried has otherwise. */
const VARIED = ["dst", "src", "dport", "in"] as const;
const INDESCRIBABLE =
  "the packets that would do cannot be described for nettrace packet (they belong to connections that exist, carry a mark or are later fragments)";
const CHANGED = "earlier tables and routes make others of the packets that were tried, which are not as wished";

/** Looks for a packet in all that there are. */
export function search(machine: Machine, question: Question): Answer {
  const { ruleset } = machine;
  const found = ruleset.tables.get(question.table);
  const table: Table = found ?? { name: question.table, chains: new Map() };
  const world = worldOf([ruleset], Object.values(question.wish.devices));
  try {
    return new Search(machine, question, new Program(world, table, followed(world, question, table))).answer();
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return { kind: "unknown", because: error.message };
  }
}

/** All packets that are meant, as far as that hangs on what no rule of a table changes: those of the wish, and of the rule. */
function followed({ layout: { universe } }: World, { wish, goal }: Question, table: Table): readonly Box[] {
  const spans = [...universe.all.spans];
  for (const field of ["src", "dst", "protocol", "sport", "dport"] as const) {
    const [only, ...others] = wish.fields.get(field) ?? [];
    if (only && others.length === 0) spans[SPANS[field]] = only;
  }
  for (const field of ["in", "out"] as const) {
    const name = wish.devices[field];
    if (name !== undefined) spans[SPANS[field]] = universe.devices.span(name);
  }
  const wished: Box = { ...universe.all, spans };
  const rule = goal.kind === "rule" ? table.chains.get(goal.chain)?.rules[goal.number - 1] : undefined;
  if (!rule) return [wished];
  return universe.guard(rule).over.flatMap((box) => intersection({ ...universe.all, spans: box.spans }, wished) ?? []);
}

class Search {
  readonly #machine: Machine;
  readonly #question: Question;
  readonly #program: Program;
  readonly #world: World;

  constructor(machine: Machine, question: Question, program: Program) {
    this.#machine = machine;
    this.#question = question;
    this.#program = program;
    this.#world = program.world;
  }

  answer(): Answer {
    const { goal } = this.#question;
    const reasons: string[] = [];
    const takers: Decision[] = [];
    const open = new Set<string>();
    const hooks = this.#hooks();
    if (hooks.length === 0 && this.#question.goal.kind !== "verdict") {
      reasons.push(`no rule leads from ${this.#question.hooks.join(" or ")} to chain ${this.#question.goal.chain}`);
    }
    for (const hook of hooks) {
      const wished = this.#wished(hook);
      if (wished === FALSE) {
        reasons.push(
          goal.kind === "rule" ? `no packet at ${hook} that is as wished matches the rule` : `no packet at ${hook} is as wished`,
        );
        continue;
      }
      const hits = this.#hits(hook, wished);
      if (hits === FALSE) {
        const none = this.#none(hook, wished);
        reasons.push(...none.reasons);
        takers.push(...none.takers);
        continue;
      }
      const tried = this.#try(hook, hits);
      if (tried.kind === "found") return tried;
      if (tried.kind === "unknown") open.add(`${hook}: ${tried.because}`);
    }
    if (open.size > 0) return { kind: "unknown", because: [...open].join("; ") };
    return { kind: "none", family: this.#machine.ruleset.family, reasons, takers };
  }

  /** The hooks that are asked for, as far as any way leads from them to what is sought. */
  #hooks(): readonly Hook[] {
    const { table, hooks, goal } = this.#question;
    const asked = TABLE_HOOKS[table].filter((hook) => hooks.includes(hook));
    if (goal.kind === "verdict") return asked;
    const leading = leadingTo(this.#program.table, goal.chain);
    return asked.filter((hook) => leading.has(hook));
  }

  /** The packets at a hook that are as wished. */
  #wished(hook: Hook): Node {
    const { layout } = this.#world;
    const { fields, devices } = this.#question.wish;
    let set = this.#program.entering(hook);
    for (const [field, spans] of fields) set = layout.diagrams.and(set, layout.withSpans(field, spans));
    for (const [field, name] of Object.entries(devices)) {
      set = layout.diagrams.and(set, layout.withSpans(field as Field, [layout.universe.devices.span(name)]));
    }
    return set;
  }

  /** Those of them that get what is asked for. */
  #hits(hook: Hook, wished: Node): Node {
    const { goal } = this.#question;
    const { diagrams } = this.#world.layout;
    const { outcomes } = this.#world;
    const isHit = (leaf: Node) => {
      const { kind, end } = outcomes.of(leaf);
      return goal.kind === "verdict" ? end === goal.verdict || end === "unknown" : kind === "hit";
    };
    const probe = this.#probe();
    const node = (probe ? this.#program.looking(probe) : this.#program).at(hook);
    return diagrams.and(
      wished,
      diagrams.mapped(node, (leaf) => (isHit(leaf) ? TRUE : FALSE)),
    );
  }

  #probe(): Probe | undefined {
    const { goal } = this.#question;
    if (goal.kind === "verdict") return undefined;
    const rule = goal.kind === "rule" ? this.#rule(goal) : undefined;
    return rule ? { kind: "rule", chain: goal.chain, rule } : { kind: "chain", chain: goal.chain };
  }

  #rule({ chain, number }: { readonly chain: string; readonly number: number }): Rule | undefined {
    return this.#program.table.chains.get(chain)?.rules[number - 1];
  }

  /** Replays packets of a set, of one decider after another, until one does what is asked for. */
  #try(hook: Hook, hits: Node): Answer {
    const { layout } = this.#world;
    const { diagrams } = layout;
    let left = hits;
    let reason = "";
    for (let i = 0; i < MOST_TRIES && left !== FALSE; i++) {
      const point = pointOf(layout, left, hook);
      let any = false;
      for (const replayed of replaysOf(this.#machine, layout.universe, point, hook)) {
        any = true;
        const isMet = this.#isMet(replayed, hook);
        if (isMet && this.#isAsWished(replayed, hook)) {
          const decision = replayedDecision(replayed.trace, this.#question.table, hook, this.#machine.ruleset.file);
          return { kind: "found", hook, replayed, decision };
        }
        reason = isMet ? CHANGED : reasonOf(replayed, this.#question.table, hook);
      }
      if (!any && reason === "") reason = INDESCRIBABLE;
      left = diagrams.minus(left, this.#alike(point.box, left, hook, i));
    }
    const conditions = layout.extras(hits).length > 0 ? "it hangs on conditions that are not about header values; " : "";
    return { kind: "unknown", because: `${conditions}${reason}` };
  }

  /** Packets that would go the same way: those that differ in nothing but a few fields, more of them with each try. */
  #alike(box: { readonly spans: Spans }, left: Node, hook: Hook, tries: number): Node {
    const { layout } = this.#world;
    if (tries % 2 === 0) {
      const { by } = new Walk(this.#program, pointOf(layout, left, hook).bits).at(hook);
      const hit = this.#hit(by, hook);
      if (hit !== FALSE && layout.diagrams.minus(left, hit) !== FALSE) return hit;
    }
    const alike = VARIED.map((_, k) => {
      const field = VARIED[((tries >> 1) + k) % VARIED.length] ?? "dst";
      const span = box.spans[SPANS[field]];
      return span ? layout.withSpans(field, [span]) : FALSE;
    });
    return alike.find((some) => layout.diagrams.minus(left, some) !== FALSE) ?? left;
  }

  /** The packets that a rule or policy decides over. */
  #hit(by: Decider, hook: Hook): Node {
    const probe: Probe = "rule" in by ? { kind: "rule", chain: by.chain, rule: by.rule } : { kind: "policy", chain: by.chain };
    const node = this.#program.looking(probe).at(hook);
    return this.#world.layout.diagrams.mapped(node, (leaf) => (leaf === this.#world.outcomes.hit ? TRUE : FALSE));
  }

  /** Whether a replayed packet is as wished where it comes to the table, on all of its ways. */
  #isAsWished(replayed: Replayed, hook: Hook): boolean {
    const { wish, table } = this.#question;
    return waysOf(replayed).every(({ steps }) => isWished(wish, replayed.trace.packet, steps, table, hook));
  }

  /** Whether all ways of a replayed packet do what is asked for. */
  #isMet(replayed: Replayed, hook: Hook): boolean {
    const { goal, table } = this.#question;
    if (goal.kind === "verdict") {
      const decision = replayedDecision(replayed.trace, table, hook, "");
      return decision?.end === goal.verdict;
    }
    const rule = goal.kind === "rule" ? this.#rule(goal) : undefined;
    return waysOf(replayed).every(({ steps }) =>
      steps.some((step) =>
        "chain" in step && step.table === table && step.hook === hook && step.chain === goal.chain
          ? rule === undefined || (step.kind === "rule" && step.rule === rule)
          : false,
      ),
    );
  }

  /** Why there is none at a hook: what no rule leads to, and who takes those that would do. */
  #none(hook: Hook, wished: Node): { readonly reasons: readonly string[]; readonly takers: readonly Decision[] } {
    const { goal } = this.#question;
    const { diagrams } = this.#world.layout;
    if (goal.kind === "verdict") return { reasons: [], takers: this.#takers(hook, wished) };
    const entered = diagrams.and(wished, this.#reaching(goal.chain, hook));
    const rule = goal.kind === "rule" ? this.#rule(goal) : undefined;
    const meant = rule ? diagrams.and(wished, this.#program.guard(rule)) : wished;
    if (meant === FALSE) return { reasons: [`no packet at ${hook} that is as wished matches the rule`], takers: [] };
    if (entered === FALSE && goal.chain !== hook) {
      return { reasons: [`no packet comes from ${hook} to chain ${goal.chain}`], takers: [] };
    }
    const both = diagrams.and(entered, meant);
    if (both === FALSE)
      return { reasons: [`at ${hook} the packets that come to ${goal.chain} are others than the rule asks for`], takers: [] };
    return { reasons: [], takers: this.#takers(hook, both) };
  }

  #reaching(chain: string, hook: Hook): Node {
    const node = this.#program.looking({ kind: "chain", chain }).at(hook);
    return this.#world.layout.diagrams.mapped(node, (leaf) => (leaf === this.#world.outcomes.hit ? TRUE : FALSE));
  }

  /** The rules and policies that decide over packets of a set. */
  #takers(hook: Hook, set: Node): readonly Decision[] {
    const { layout } = this.#world;
    const found: Decision[] = [];
    let left = set;
    while (left !== FALSE && found.length < MOST_TAKERS) {
      const { by, end, words } = new Walk(this.#program, pointOf(layout, left, hook).bits).at(hook);
      found.push(decisionOf(by, end, words, this.#question.table, this.#machine.ruleset.file));
      const hit = this.#hit(by, hook);
      if (layout.diagrams.and(left, hit) === FALSE) break;
      left = layout.diagrams.minus(left, hit);
    }
    return found;
  }
}

function waysOf({ trace: { way, alternatives } }: Replayed): readonly Way[] {
  return alternatives.length > 0 ? alternatives : [way];
}

function reasonOf({ trace }: Replayed, table: TableName, hook: Hook): string {
  const { way } = trace;
  const came = way.steps.some((step) => "table" in step && step.table === table && "hook" in step && step.hook === hook);
  if (trace.alternatives.length > 1)
    return `it depends on ${way.undecided ?? trace.alternatives[0]?.conditions.join(", ") ?? "what is not known"}`;
  if (came) return "the replay of the whole ruleset takes the packets that were tried another way";
  return `the packets that were tried do not get to ${table} ${hook}: ${way.at.text ?? way.at.reason ?? way.verdict}`;
}
