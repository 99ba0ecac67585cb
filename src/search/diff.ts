import type { Family } from "../model/address.ts";
import { type Hook, type Ruleset, TABLE_HOOKS, type Table, type TableName } from "../model/rule.ts";
import { FALSE, type Node, TooLarge, TRUE } from "../sets/diagram.ts";
import { type Probe, Program, type World } from "../sets/program.ts";
import { type Decided, Walk } from "../sets/walk.ts";
import { worldOf } from "../sets/world.ts";
import { concerned } from "./changed-rules.ts";
import { type Decision, decisionOf, decisionText, replayedDecision } from "./decision.ts";
import { type Machine, replaysOf } from "./machine.ts";
import { type Point, pointOf } from "./point.ts";
import { trafficOf } from "./traffic.ts";

/** Packets that the same rule decides over in the one ruleset, and the same in the other, otherwise. */
export interface TrafficClass {
  readonly family: Family;
  readonly netns: string;
  readonly table: TableName;
  readonly hook: Hook;
  /** "tcp from anywhere to 10.0.0.0/24 port 22, in on eth0, FORWARD" */
  readonly traffic: string;
  /** The words say just these packets, not only where they lie. */
  readonly isExact: boolean;
  /** Certain where it hangs on nothing but header values, or the replay has confirmed it. */
  readonly certain: boolean;
  readonly old: Decision;
  readonly new: Decision;
  /** Commands that show both, where the replay of the whole rulesets confirms them. */
  readonly witness?: { readonly old: string; readonly new: string };
  /** What it also hangs on, in words. */
  readonly conditions: readonly string[];
  /** Only the mark is another. */
  readonly isMark: boolean;
}

/** What was found: classes, and where nothing could be said. */
export interface Difference {
  readonly classes: readonly TrafficClass[];
  /** "IPv4 filter FORWARD: the sets of packets fall into too many parts" */
  readonly open: readonly string[];
  /** More classes than are told. */
  readonly isCut: boolean;
  /** Tables that were compared rule by rule, and those that are written alike. */
  readonly compared: readonly string[];
  readonly alike: readonly string[];
  readonly assumptions: readonly string[];
}

const MOST_CLASSES = 100;
const TABLES: readonly TableName[] = ["raw", "mangle", "nat", "filter", "security"];

/** Compares the tables of two rulesets of one family; a ruleset that is not there accepts everything. */
export function difference(before: Machine, after: Machine): Difference {
  const classes: TrafficClass[] = [];
  const open: string[] = [];
  const [compared, alike]: [string[], string[]] = [[], []];
  const { family } = before.ruleset;
  const world = worldOf([before.ruleset, after.ruleset]);
  for (const name of TABLES) {
    const [one, other] = [tableOf(before.ruleset, name), tableOf(after.ruleset, name)];
    const called = `IPv${family} ${name}`;
    if (!one && !other) continue;
    if (one && other && textOf(one) === textOf(other)) {
      alike.push(called);
      continue;
    }
    compared.push(called);
    const empty: Table = { name, chains: new Map() };
    const pair = new Pair(world, { machine: before, table: one ?? empty }, { machine: after, table: other ?? empty });
    for (const hook of TABLE_HOOKS[name]) {
      if (classes.length >= MOST_CLASSES) break;
      try {
        for (const found of pair.classes(hook)) {
          classes.push(found);
          if (classes.length >= MOST_CLASSES) break;
        }
      } catch (error) {
        if (!(error instanceof TooLarge)) throw error;
        open.push(`${called} ${hook}: ${error.message}`);
      }
    }
  }
  return { classes, open, isCut: classes.length >= MOST_CLASSES, compared, alike, assumptions: assumptionsOf(before, after, compared) };
}

function tableOf({ tables }: Ruleset, name: TableName): Table | undefined {
  return tables.get(name);
}

function textOf({ chains }: Table): string {
  const all = [...chains.values()].map(({ name, policy, rules }) => [name, policy, rules.map(({ text }) => text)]);
  return JSON.stringify(all.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

interface Side {
  readonly machine: Machine;
  readonly table: Table;
}

/** A table of two rulesets. */
export class Pair {
  readonly #world: World;
  readonly #sides: readonly [Side, Side];
  readonly #programs: readonly [Program, Program];

  constructor(world: World, before: Side, after: Side) {
    this.#world = world;
    this.#sides = [before, after];
    const within = concerned(world, before.table, after.table);
    this.#programs = [new Program(world, before.table, within), new Program(world, after.table, within)];
  }

  /** The packets at a hook that the two tables treat differently. */
  differing(hook: Hook): Node {
    const { layout } = this.#world;
    const differ = layout.diagrams.operation((a, b) => {
      if (a === b) return FALSE;
      return a < 0 && b < 0 ? TRUE : undefined;
    });
    const [one, other] = this.#programs;
    return layout.diagrams.and(one.entering(hook), differ(one.at(hook), other.at(hook)));
  }

  /** The same, by those who decide. */
  *classes(hook: Hook): Generator<TrafficClass> {
    const { diagrams } = this.#world.layout;
    let left = this.differing(hook);
    while (left !== FALSE) {
      const point = pointOf(this.#world.layout, left, hook);
      const decided = this.#programs.map((program) => new Walk(program, point.bits).at(hook)) as [Decided, Decided];
      const set = diagrams.and(left, diagrams.and(this.#hit(0, decided[0], hook), this.#hit(1, decided[1], hook)));
      if (set === FALSE) throw new RangeError("a packet is in none of the sets that it was drawn from");
      yield this.#classOf(set, point, decided, hook);
      left = diagrams.minus(left, set);
    }
  }

  #hit(side: 0 | 1, { by }: Decided, hook: Hook): Node {
    const probe: Probe = "rule" in by ? { kind: "rule", chain: by.chain, rule: by.rule } : { kind: "policy", chain: by.chain };
    const node = this.#programs[side].looking(probe).at(hook);
    return this.#world.layout.diagrams.mapped(node, (leaf) => (leaf === this.#world.outcomes.hit ? TRUE : FALSE));
  }

  #classOf(set: Node, point: Point, decided: readonly [Decided, Decided], hook: Hook): TrafficClass {
    const { layout } = this.#world;
    const [one, other] = this.#sides;
    const { name } = one.table;
    const traffic = trafficOf(layout, set, new Program(this.#world, one.table).entering(hook), hook);
    const [old, now] = this.#sides.map(({ machine }, i) => {
      const { by, end, words } = decided[i] as Decided;
      return decisionOf(by, end, words, name, machine.ruleset.file);
    }) as [Decision, Decision];
    const conditions = layout.extras(set).map((extra) => this.#inWords(extra));
    const isMark = old.verdict === now.verdict;
    const witness = isMark ? undefined : this.#witness(point, hook, old, now);
    return {
      family: one.machine.ruleset.family,
      netns: one.machine.netns,
      table: name,
      hook,
      traffic: traffic.text,
      isExact: traffic.isExact,
      certain: conditions.length === 0 || witness !== undefined,
      old,
      new: now,
      conditions: [...new Set(conditions)].slice(0, 5),
      isMark,
      ...(witness && { witness }),
      ...(other.machine.netns !== one.machine.netns && { netns: other.machine.netns }),
    };
  }

  /** Commands whose replays decide as the sets say. */
  #witness(point: Point, hook: Hook, old: Decision, now: Decision): TrafficClass["witness"] | undefined {
    const commands: string[] = [];
    for (const [i, { machine }] of this.#sides.entries()) {
      const wanted = i === 0 ? old : now;
      for (const { trace, command } of replaysOf(machine, this.#world.layout.universe, point, hook)) {
        const decision = replayedDecision(trace, wanted.table as TableName, hook, machine.ruleset.file);
        if (!decision || decisionText(decision) !== decisionText(wanted)) continue;
        commands.push(command);
        break;
      }
    }
    const [before, after] = commands;
    return before !== undefined && after !== undefined ? { old: before, new: after } : undefined;
  }

  #inWords(extra: string): string {
    const number = /^atom (\d+)/.exec(extra)?.[1];
    const use = number === undefined ? undefined : this.#world.layout.universe.atomUse(Number(number));
    return use ? `-m ${[use.name, ...use.words].join(" ")}` : extra;
  }
}

/** What the comparison takes for granted. */
function assumptionsOf(before: Machine, after: Machine, compared: readonly string[]): readonly string[] {
  if (compared.length === 0) return [];
  const rules = [before, after].flatMap(({ ruleset }) =>
    [...ruleset.tables.values()].flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules)),
  );
  const names = new Set(rules.flatMap(({ matches }) => matches.map(({ name }) => name)));
  const isNft = [before, after].some(({ ruleset }) => ruleset.backend === "nft");
  return [
    "each table is compared by itself, for packets with any header, device, state and mark",
    ...(isNft ? ["fragments behind the first are not compared: iptables-nft takes what stands in them for ports"] : []),
    "a condition that is not about header values (limit, string, owner ...) answers alike in the same rule of both",
    ...(names.has("set") ? ["sets have the same members in both"] : []),
    ...(names.has("addrtype") ? ["addresses are of the same types in both (local, broadcast ...)"] : []),
    "TTL, TOS, TCP options and logs are not compared",
  ];
}
