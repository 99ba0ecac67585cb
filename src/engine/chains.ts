import type { Effect } from "../extensions/effect.ts";
import type { MatchResult, Outcome, PacketContext, TargetResult } from "../extensions/spec.ts";
import type { Packet } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import type { Changes, EndStep, RuleStep, Tried } from "../model/trace.ts";
import { added, EMPTY } from "./added.ts";
import { endOf, stepOf, takenStep } from "./chain-steps.ts";
import type { Choices } from "./choices.ts";
import { clear } from "./clear.ts";
import type { CompiledChain, CompiledRule, CompiledTable, Condition } from "./compile.ts";
import type { Lesson } from "./lesson.ts";
import { isIndexed, type RuleIndex } from "./rule-index.ts";
import { Undecided } from "./undecided.ts";

export type ChainVerdict = "ACCEPT" | "DROP" | "QUEUE" | "REJECT";

/** How a table ended, and where. */
export interface TableResult {
  readonly verdict: ChainVerdict;
  /** The rule or policy that decided; undefined for a hotdrop. */
  readonly step?: RuleStep | EndStep;
}

/** What a table's traversal needs of its surroundings. */
export interface Traversal {
  readonly netns: string;
  readonly hook: Hook;
  readonly table: TableName;
  readonly choices: Choices;
  readonly detailed: boolean;
  /** Rules that cannot match by their header values are passed over. */
  readonly indexed: boolean;
  /** Looks at the packet as it is now; `ruleKey` is that of the rule at hand. */
  readonly context: PacketContext & { ruleKey: string; in: string; out: string; readonly remarks: (() => string)[] };
  readonly undeterminedPort: boolean;
  readonly lesson: Lesson;
  add(step: RuleStep | EndStep): void;
  /** Applies what a target does; gives back the changes for the trace. "REJECT" drops and answers. */
  apply(effects: readonly Effect[], step: RuleStep): Changes | undefined;
  /** The device that an unknown name stands for has been settled. */
  settleDevice(which: "in" | "out", name: string): void;
}

/** Where a packet goes on once it returns from a chain. */
interface Caller {
  readonly chain: CompiledChain;
  readonly index: number;
  /** Of that chain. */
  readonly caller: Caller | undefined;
  readonly depth: number;
}

/** Rules that were tried in vain before a step, where nobody asks for them. */
const NONE: Tried[] = [];

/** Deepest nesting of user chains; the kernel refuses loops when it loads a table. */
const MAX_DEPTH = 512;

/** Runs a packet through one table's chain of a hook (net/ipv4/netfilter/ip_tables.c, ipt_do_table). */
export function traverse(table: CompiledTable, traversal: Traversal): TableResult {
  const builtin = table.get(traversal.hook);
  if (!builtin) return { verdict: "ACCEPT" };
  let caller: Caller | undefined;
  let tried: Tried[] = NONE;
  let places: Places | undefined;
  const isPassing = traversal.indexed && !traversal.detailed && !traversal.undeterminedPort;
  let chain = builtin;
  let index = 0;
  const { remarks } = traversal.context;
  for (;;) {
    const rules = isPassing ? chain.index() : undefined;
    if (rules) {
      places ??= new Places(traversal);
      index = places.next(chain, rules, index);
    }
    const rule = chain.rule(index);
    if (!rule) {
      const end = endOf(chain, builtin, traversal, tried);
      tried = NONE;
      traversal.add(end);
      if (end.kind === "policy") return { verdict: builtin.policy ?? "ACCEPT", step: end };
      chain = caller?.chain ?? builtin;
      index = caller ? caller.index : builtin.length;
      caller = caller?.caller;
      continue;
    }
    clear(remarks);
    const failed = firstFailure(rule, traversal, remarks);
    if (failed === "hotdrop") {
      if (traversal.context.backend === "legacy") return { verdict: "DROP" };
      // nft_compat turns it into the rule's own verdict (nft_compat.c, nft_match_eval).
      const dropping = stepOf(rule, chain, traversal, tried);
      traversal.add(dropping);
      return { verdict: "DROP", step: dropping };
    }
    if (failed === "match and hotdrop") {
      const last = stepOf(rule, chain, traversal, tried);
      traversal.add(last);
      if (!rule.jump) runTarget(rule, last, traversal);
      return { verdict: "DROP" };
    }
    if (failed) {
      if (traversal.detailed) {
        if (tried === NONE) tried = [];
        tried.push({ rule: rule.rule, failed, ...becauseOf(remarks) });
      }
      index++;
      continue;
    }
    const step = takenStep(rule, chain, traversal, tried, remarks.length > 0);
    if (remarks.length > 0) Object.assign(step, { because: remarks.map((words) => words()) });
    tried = NONE;
    traversal.add(step);
    if (rule.jump) {
      if (!rule.jump.goto) {
        caller = { chain, index: index + 1, caller, depth: caller ? caller.depth + 1 : 1 };
        if (caller.depth > MAX_DEPTH) throw new Undecided(`the jumps of table ${traversal.table}, which go round in a circle`);
      }
      chain = rule.jump.chain;
      index = 0;
      continue;
    }
    const verdict = runTarget(rule, step, traversal);
    if (verdict === "CONTINUE") {
      index++;
      continue;
    }
    if (verdict === "RETURN") {
      chain = caller?.chain ?? builtin;
      index = caller ? caller.index : builtin.length;
      caller = caller?.caller;
      continue;
    }
    return { verdict, step };
  }
}

/** Which rules of a chain that has an index are worth a look: those that it names, where it can be asked. */
class Places {
  readonly #traversal: Traversal;
  /** What was found for the packet as it is, and for which chains: there are few of them. */
  #found: { readonly chain: CompiledChain; readonly places: readonly number[] }[] = EMPTY;
  #packet: Packet | undefined;

  constructor(traversal: Traversal) {
    this.#traversal = traversal;
  }

  /** The next place from one on. */
  next(chain: CompiledChain, index: RuleIndex, from: number): number {
    const { context } = this.#traversal;
    const { packet } = context;
    if (packet !== this.#packet) {
      this.#packet = packet;
      this.#found = EMPTY;
    }
    let places = this.#foundFor(chain);
    if (!places) {
      if (!isIndexed(context)) return from;
      places = index.candidates(packet);
      this.#found = added(this.#found, { chain, places });
    }
    for (let i = 0; i < places.length; i++) if ((places[i] as number) >= from) return places[i] as number;
    return chain.length;
  }

  #foundFor(chain: CompiledChain): readonly number[] | undefined {
    for (const one of this.#found) if (one.chain === chain) return one.places;
    return undefined;
  }
}

/** What the last match that was asked has said. */
function becauseOf(remarks: readonly (() => string)[]): { readonly because?: string } {
  const because = remarks.at(-1)?.();
  return because === undefined ? {} : { because };
}

function runTarget(rule: CompiledRule, step: RuleStep, traversal: Traversal): ChainVerdict | "CONTINUE" | "RETURN" {
  if (!rule.run) return "CONTINUE";
  if (rule.runReadsPorts && traversal.undeterminedPort) throw new Undecided("the port that source NAT picks at random");
  if (!rule.steady) traversal.lesson.asked("more");
  traversal.context.ruleKey = rule.key;
  const result = outcomeOf(rule.run(traversal.context), rule, traversal);
  if (result.note) Object.assign(step, { note: result.note });
  if (result.effects?.length) {
    const changes = traversal.apply(result.effects, step);
    if (changes && Object.keys(changes).length > 0) Object.assign(step, { set: changes });
    if (result.effects.some((effect) => effect.kind === "reject")) return "REJECT";
    if (changes && "drop" in changes) return "DROP";
  }
  return result.verdict;
}

function outcomeOf(result: TargetResult, rule: CompiledRule, traversal: Traversal): Outcome {
  if ("unknown" in result) throw new Undecided(result.unknown);
  return "when" in result ? decideOutcome(result, rule, traversal) : result;
}

function decideOutcome(
  { when, otherwise, yes, no }: Extract<TargetResult, { readonly when: string }>,
  rule: CompiledRule,
  traversal: Traversal,
): Outcome {
  const place = `${traversal.table} ${step(rule)}`;
  return traversal.choices.ask(`${traversal.netns}|${when}`, (value) => `${place}: ${value ? when : otherwise}`) ? yes : no;
}

/** A condition that is not met, or one that drops the packet; with iptables-legacy what follows it in the rule is still asked (ipt_do_table). */
type Failure = Tried["failed"] | "hotdrop" | "match and hotdrop";

/** The first condition that a packet does not meet; undefined when it meets them all. */
function firstFailure(rule: CompiledRule, traversal: Traversal, remarks: (() => string)[]): Failure | undefined {
  traversal.context.ruleKey = rule.key;
  let drops: "match and hotdrop" | undefined;
  for (const condition of rule.conditions) {
    const before = remarks.length;
    if (condition.readsPorts && traversal.undeterminedPort) throw new Undecided("the port that source NAT picks at random");
    if (condition.reads !== "nothing") traversal.lesson.asked(condition.reads);
    const result = condition.test(traversal.context);
    if (result === true) continue;
    if (result === false) {
      // What matches before it have said is no reason.
      if (remarks.length > 0) remarks.splice(0, before);
      return drops ? "hotdrop" : condition.failed;
    }
    if (result === "hotdrop") return "hotdrop";
    if (result === "match and hotdrop") {
      if (traversal.context.backend === "nft") return "hotdrop";
      drops = result;
      continue;
    }
    if (condition.failed.kind === "in" || condition.failed.kind === "out") {
      const met = decideDevice(rule, condition.failed.kind, traversal);
      if (met) continue;
      return condition.failed;
    }
    const met = decideMatch(rule, condition, result, traversal);
    if (met === "hotdrop") return met;
    if (!met) return drops ? "hotdrop" : condition.failed;
  }
  return drops;
}

/** A match that cannot be decided: asks. By itself, since what closures catch would be set apart for every condition. */
function decideMatch(
  rule: CompiledRule,
  { failed }: Condition,
  { unknown, between }: Extract<MatchResult, { readonly unknown: string }>,
  traversal: Traversal,
): Exclude<MatchResult, object> {
  const key = `${rule.key}|${failed.kind === "match" ? failed.index : failed.kind}`;
  const place = `${traversal.table} ${step(rule)}`;
  const [first, second] = between ?? [true, false];
  const chosen = (value: boolean) => (value ? first : second);
  const says = (value: boolean) => (chosen(value) === "hotdrop" ? "drops the packet" : chosen(value) ? "matches" : "does not match");
  // A rule that the packet meets again may answer otherwise: lots are drawn anew, limits have moved on, the packet has changed.
  const words = (value: boolean, again: boolean) => `${place} ${says(value)}${again ? " when met again" : ""} (not known: ${unknown})`;
  return chosen(traversal.choices.askAnew(key, words));
}

function step(rule: CompiledRule): string {
  return rule.key.split("|").slice(3).join(" ");
}

/** A device that is not known: asks whether it is the one that a rule names. */
function decideDevice(rule: CompiledRule, which: "in" | "out", traversal: Traversal): boolean {
  const wanted = which === "in" ? rule.rule.inInterface : rule.rule.outInterface;
  if (!wanted) return true;
  const is = traversal.choices.ask(
    `${traversal.netns}|${which}|${wanted.value}`,
    (value) => `${which === "in" ? "it came in on" : "it leaves by"} ${value ? "" : "another device than "}${wanted.value}`,
  );
  if (is && !wanted.value.endsWith("+")) traversal.settleDevice(which, wanted.value);
  return is !== wanted.not;
}
