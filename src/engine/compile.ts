import { ipv6Protocol } from "../extensions/ipv6-headers.ts";
import { matchSpec, targetSpec } from "../extensions/registry.ts";
import type { MatchResult, PacketContext, Reads, TargetResult } from "../extensions/spec.ts";
import { inMask } from "../model/address.ts";
import type { Hook, MatchUse, Rule, Ruleset, TableName, TargetUse } from "../model/rule.ts";
import type { FailedCondition } from "../model/trace.ts";
import { indexOf, type RuleIndex } from "./rule-index.ts";

/** One condition of a rule, in the order in which the kernel tries them. */
export interface Condition {
  readonly failed: FailedCondition;
  /** Whether it looks at ports, which may be undetermined after NAT. */
  readonly readsPorts: boolean;
  /** What it looks at that may differ between packets of one connection. */
  readonly reads: Reads;
  test(context: PacketContext): MatchResult;
}

export interface CompiledRule {
  readonly rule: Rule;
  readonly key: string;
  readonly conditions: readonly Condition[];
  readonly run?: (context: PacketContext) => TargetResult;
  readonly runReadsPorts?: boolean;
  /** Its target does the same to all packets of a connection. */
  readonly steady?: boolean;
  readonly jump?: { readonly chain: CompiledChain; readonly goto: boolean };
}

export interface CompiledChain {
  readonly name: string;
  readonly line: number;
  readonly policy?: "ACCEPT" | "DROP";
  readonly rules: CompiledRule[];
  /** Made when a packet first comes to the chain; undefined where the chain is too short for one. */
  readonly index: () => RuleIndex | undefined;
}

export type CompiledTable = ReadonlyMap<string, CompiledChain>;
export type CompiledRuleset = ReadonlyMap<TableName, CompiledTable>;

/** Matches that look at ports of the transport header. */
const READS_PORTS = new Set(["tcp", "udp", "udplite", "dccp", "sctp", "multiport", "set", "u32", "bpf", "hashlimit", "string", "osf"]);
/** Targets that look at ports. */
const TARGETS_READ_PORTS = new Set(["HMARK", "SET"]);

/** Turns rules, which are data, into what can be evaluated. An extension that is not known evaluates to unknown. */
export function compileRuleset(ruleset: Ruleset, netns: string): CompiledRuleset {
  const tables = new Map<TableName, CompiledTable>();
  for (const table of ruleset.tables.values()) {
    const chains = new Map<string, CompiledChain>();
    for (const chain of table.chains.values()) {
      const rules: CompiledRule[] = [];
      const { name, line, policy } = chain;
      chains.set(name, { name, line, ...(policy ? { policy } : {}), rules, index: once(() => indexOf(rules, ruleset.family)) });
    }
    for (const chain of table.chains.values()) {
      const compiled = chains.get(chain.name);
      for (const rule of chain.rules) {
        compiled?.rules.push(
          compileRule(rule, `rule${ruleset.family === 6 ? 6 : ""}|${netns}|${table.name}|${chain.name}|${rule.number}`, chains, ruleset),
        );
      }
    }
    tables.set(table.name, chains);
  }
  return tables;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function compileRule(rule: Rule, key: string, chains: ReadonlyMap<string, CompiledChain>, ruleset: Ruleset): CompiledRule {
  const conditions = [...headerConditions(rule), ...rule.matches.map((match, index) => matchCondition(match, index, ruleset))];
  const target = rule.target;
  if (!target) return { rule, key, conditions };
  if (target.kind === "jump" || target.kind === "goto") {
    const chain = chains.get(target.chain);
    if (!chain) return { rule, key, conditions, run: () => ({ unknown: `the chain ${target.chain}, which does not exist` }) };
    return { rule, key, conditions, jump: { chain, goto: target.kind === "goto" } };
  }
  const runReadsPorts = target.kind === "extension" && TARGETS_READ_PORTS.has(target.name);
  return {
    rule,
    key,
    conditions,
    runReadsPorts,
    steady: target.kind !== "extension" || targetSpec(target.name, ruleset.family)?.steady === true,
    run: compileTarget(target as Exclude<TargetUse, { kind: "jump" | "goto" }>, ruleset),
  };
}

function compileTarget(target: Exclude<TargetUse, { kind: "jump" | "goto" }>, ruleset: Ruleset): (context: PacketContext) => TargetResult {
  if (target.kind === "verdict") {
    const result: TargetResult = { verdict: target.verdict };
    return () => result;
  }
  const spec = targetSpec(target.name, ruleset.family);
  if (!spec || !target.args) return () => ({ unknown: `what the target ${target.name} does, which is not modelled` });
  return spec.compile(target.args as never);
}

function matchCondition(match: MatchUse, index: number, ruleset: Ruleset): Condition {
  const failed: FailedCondition = { kind: "match", index };
  const spec = matchSpec(match.name, ruleset.family);
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
