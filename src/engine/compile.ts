import { ipv6Protocol } from "../extensions/ipv6-headers.ts";
import { matchSpec, targetSpec } from "../extensions/registry.ts";
import type { MatchResult, PacketContext, Reads, TargetResult } from "../extensions/spec.ts";
import { type Family, inMask } from "../model/address.ts";
import { type Chain, chainIn, type Hook, type MatchUse, type Rule, type Ruleset, type TableName, type TargetUse } from "../model/rule.ts";
import type { EndStep, FailedCondition, RuleStep } from "../model/trace.ts";
import { EMPTY } from "./added.ts";
import { indexOf, type RuleIndex } from "./rule-index.ts";
import { StepCache } from "./step-cache.ts";

/** One condition of a rule, in the order in which the kernel tries them. */
export interface Condition {
  readonly failed: FailedCondition;
  /** Whether it looks at ports, which may be undetermined after NAT. */
  readonly readsPorts: boolean;
  /** What it looks at that may differ between packets of one connection. */
  readonly reads: Reads;
  test(context: PacketContext): MatchResult;
}

/** A rule that can be evaluated. It is made ready when a packet first comes to it: of many rules most are never asked. */
export class CompiledRule {
  readonly rule: Rule;
  readonly jump: { readonly chain: CompiledChain; readonly goto: boolean } | undefined;
  readonly #chain: CompiledChain;
  #steps: StepCache<RuleStep> | undefined;
  #key: string | undefined;
  #conditions: readonly Condition[] | undefined;
  #steady: boolean | undefined;
  #run: ((context: PacketContext) => TargetResult) | undefined;

  constructor(rule: Rule, chain: CompiledChain) {
    this.rule = rule;
    this.#chain = chain;
    const { target } = rule;
    const to = chainIn(chain.table.chains, target);
    this.jump = to && { chain: to, goto: target?.kind === "goto" };
  }

  /** Names the rule among all of a host. */
  get key(): string {
    this.#key ??= `${this.#chain.key}|${this.rule.number}`;
    return this.#key;
  }

  get conditions(): readonly Condition[] {
    this.#conditions ??= conditionsOf(this.rule, this.#chain.table.family);
    return this.#conditions;
  }

  /** What it does with a packet, unless it leads to another chain. */
  get run(): ((context: PacketContext) => TargetResult) | undefined {
    if (!this.#run && !this.jump && this.rule.target) this.#run = compileTarget(this.rule.target, this.#chain.table.family);
    return this.#run;
  }

  /** Steps of packets that it took in, where it is plain. */
  get steps(): StepCache<RuleStep> {
    this.#steps ??= new StepCache();
    return this.#steps;
  }

  /** Its target changes nothing and says nothing. */
  get isPlain(): boolean {
    return this.jump !== undefined || this.rule.target?.kind === "verdict";
  }

  get runReadsPorts(): boolean {
    const { target } = this.rule;
    return target?.kind === "extension" && TARGETS_READ_PORTS.has(target.name);
  }

  /** Its target does the same to all packets of a connection. */
  get steady(): boolean {
    this.#steady ??= isSteady(this.rule.target, this.#chain.table.family);
    return this.#steady;
  }
}

/** What the rules of one table have in common. */
interface TableScope {
  readonly family: Family;
  readonly key: string;
  readonly chains: ReadonlyMap<string, CompiledChain>;
}

/** A chain with rules that can be evaluated, each made when a packet first comes to it. */
export class CompiledChain {
  readonly table: TableScope;
  readonly #chain: Chain;
  #ends: StepCache<EndStep> | undefined;
  #rules: (CompiledRule | undefined)[] = EMPTY;
  #index: { readonly value: RuleIndex | undefined } | undefined;

  constructor(chain: Chain, table: TableScope) {
    this.#chain = chain;
    this.table = table;
  }

  get name(): string {
    return this.#chain.name;
  }

  get line(): number {
    return this.#chain.line;
  }

  get policy(): "ACCEPT" | "DROP" | undefined {
    return this.#chain.policy;
  }

  get key(): string {
    return `${this.table.key}|${this.name}`;
  }

  /** Steps of packets that came to its end. */
  get ends(): StepCache<EndStep> {
    this.#ends ??= new StepCache();
    return this.#ends;
  }

  /** How many rules it has. */
  get length(): number {
    return this.#chain.rules.length;
  }

  /** The rule at a place, from 0; undefined beyond the last one. */
  rule(place: number): CompiledRule | undefined {
    const known = this.#rules[place];
    if (known) return known;
    const rule = this.#chain.rules[place];
    return rule && this.#compile(place, rule);
  }

  // By itself: `rule` is asked at every turn, and this once.
  #compile(place: number, rule: Rule): CompiledRule {
    if (this.#rules.length === 0) this.#rules = new Array<CompiledRule | undefined>(this.length).fill(undefined);
    const compiled = new CompiledRule(rule, this);
    this.#rules[place] = compiled;
    return compiled;
  }

  /** Undefined where the chain is too short for one. */
  index(): RuleIndex | undefined {
    this.#index ??= { value: indexOf(this.#chain.rules, this.table.family) };
    return this.#index.value;
  }
}

export type CompiledTable = ReadonlyMap<string, CompiledChain>;
export type CompiledRuleset = ReadonlyMap<TableName, CompiledTable>;

/** Matches that look at ports of the transport header. */
const READS_PORTS = new Set(["tcp", "udp", "udplite", "dccp", "sctp", "multiport", "set", "u32", "bpf", "hashlimit", "string", "osf"]);
/** Targets that look at ports. */
const TARGETS_READ_PORTS = new Set(["HMARK", "SET"]);

/** What was made of rulesets, by namespace: it keeps no state of packets, so that one replay after the other can use it. */
const compiledBefore = new WeakMap<Ruleset, Map<string, CompiledRuleset>>();

/** Turns rules, which are data, into what can be evaluated. An extension that is not known evaluates to unknown. */
export function compileRuleset(ruleset: Ruleset, netns: string): CompiledRuleset {
  const known = compiledBefore.get(ruleset) ?? new Map<string, CompiledRuleset>();
  compiledBefore.set(ruleset, known);
  const compiled = known.get(netns) ?? compile(ruleset, netns);
  known.set(netns, compiled);
  return compiled;
}

function compile({ family, tables }: Ruleset, netns: string): CompiledRuleset {
  const compiled = new Map<TableName, CompiledTable>();
  for (const table of tables.values()) {
    const chains = new Map<string, CompiledChain>();
    const scope: TableScope = { family, key: `rule${family === 6 ? 6 : ""}|${netns}|${table.name}`, chains };
    for (const chain of table.chains.values()) chains.set(chain.name, new CompiledChain(chain, scope));
    compiled.set(table.name, chains);
  }
  return compiled;
}

function conditionsOf(rule: Rule, family: Family): readonly Condition[] {
  return [...headerConditions(rule), ...rule.matches.map((match, index) => matchCondition(match, index, family))];
}

function compileTarget(target: TargetUse, family: Family): (context: PacketContext) => TargetResult {
  if (target.kind === "verdict") {
    const result: TargetResult = { verdict: target.verdict };
    return () => result;
  }
  if (target.kind !== "extension") return () => ({ unknown: `the chain ${target.chain}, which does not exist` });
  const spec = targetSpec(target.name, family);
  if (!spec || !target.args) return () => ({ unknown: `what the target ${target.name} does, which is not modelled` });
  return spec.compile(target.args as never);
}

function isSteady(target: TargetUse | undefined, family: Family): boolean {
  if (target?.kind === "extension") return targetSpec(target.name, family)?.steady === true;
  return target?.kind === "verdict";
}

function matchCondition(match: MatchUse, index: number, family: Family): Condition {
  const failed: FailedCondition = { kind: "match", index };
  const spec = matchSpec(match.name, family);
  if (!spec || !match.args) {
    return { failed, readsPorts: false, reads: "more", test: () => ({ unknown: `the match "${match.name}", which is not modelled` }) };
  }
  return {
    failed,
    readsPorts: READS_PORTS.has(match.name),
    reads: spec.reads?.(match.args as never) ?? "more",
    test: spec.compile(match.args as never),
  };
}

/** ip_packet_match, in its order: addresses, devices, protocol, fragment. */
function headerConditions(rule: Rule): Condition[] {
  const conditions: Condition[] = [];
  const add = (kind: Exclude<FailedCondition["kind"], "match">, test: (context: PacketContext) => MatchResult) =>
    conditions.push({ failed: { kind }, readsPorts: false, reads: "nothing", test });
  const { source, destination, inInterface, outInterface, protocol, fragment } = rule;
  if (source) add("source", ({ packet }) => inMask(packet.src, source.value.address, source.value.mask) !== source.not);
  if (destination)
    add("destination", ({ packet }) => inMask(packet.dst, destination.value.address, destination.value.mask) !== destination.not);
  if (inInterface) add("in", (context) => negate(deviceMatches(context.in, inInterface.value), inInterface.not));
  if (outInterface) add("out", (context) => negate(deviceMatches(context.out, outInterface.value), outInterface.not));
  if (protocol) {
    add("protocol", (context) => {
      const found = context.family === 6 ? ipv6Protocol(context) : context.packet.protocol;
      return typeof found === "number" ? (found === protocol.value) !== protocol.not : found;
    });
  }
  if (fragment) add("fragment", ({ packet }) => (packet.fragment !== undefined && packet.fragment.offset > 0) !== fragment.not);
  return conditions;
}

function negate(result: MatchResult, not: boolean): MatchResult {
  return typeof result === "boolean" ? result !== not : result;
}

/** ifname_compare: a trailing `+` stands for any rest. A name "?" is not known. */
function deviceMatches(name: string, pattern: string): MatchResult {
  if (pattern === "+") return true;
  if (name === "?") return { unknown: `device|${pattern}` };
  return pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** The tables that a hook runs through, in their order of priority (include/uapi/linux/netfilter_ipv4.h). */
export function tablesAt(hook: Hook, backend: "legacy" | "nft"): readonly TableName[] {
  switch (hook) {
    case "PREROUTING":
      return ["raw", "mangle", "nat"];
    case "INPUT":
      return backend === "nft" ? ["mangle", "filter", "nat", "security"] : ["mangle", "filter", "security", "nat"];
    case "FORWARD":
      return ["mangle", "filter", "security"];
    case "OUTPUT":
      return ["raw", "mangle", "nat", "filter", "security"];
    case "POSTROUTING":
      return ["mangle", "nat"];
  }
}
