import type { Mutable } from "../model/mutable.ts";
import type { EndStep, RuleStep, Tried } from "../model/trace.ts";
import type { Traversal } from "./chains.ts";
import type { CompiledChain, CompiledRule } from "./compile.ts";

/** Where a packet is, and what of it a step tells. */
interface Standing extends Pick<Traversal, "netns" | "hook" | "table"> {
  readonly context: Pick<Traversal["context"], "hook" | "in" | "out" | "mark" | "physIn" | "physOut">;
}

/** Says where and with what the packet was there; without spreading objects, which is slow here. */
function place<T extends Mutable<RuleStep> | Mutable<EndStep>>(step: T, { context }: Standing, tried: readonly Tried[]): T {
  const { in: input, out, physIn, physOut, mark } = context;
  if (input) step.in = input;
  if (out) step.out = out;
  if (physIn) step.physin = physIn;
  if (physOut) step.physout = physOut;
  if (mark) step.mark = mark;
  if (tried.length > 0) step.tried = tried;
  return step;
}

/** The step of a packet that a rule was asked about. */
export function stepOf({ rule }: CompiledRule, chain: CompiledChain, traversal: Standing, tried: readonly Tried[]): RuleStep {
  const { netns, hook, table } = traversal;
  return place<Mutable<RuleStep>>({ kind: "rule", netns, hook, table, chain: chain.name, rule }, traversal, tried);
}

/** The step of a packet that a rule takes in. Where nothing else can be said of it, it is the same for one packet after the other. */
export function takenStep(
  rule: CompiledRule,
  chain: CompiledChain,
  traversal: Standing,
  tried: readonly Tried[],
  because: boolean,
): RuleStep {
  if (because || tried.length > 0 || !rule.isPlain) return stepOf(rule, chain, traversal, tried);
  return rule.steps.find(traversal.context) ?? rule.steps.keep(traversal.context, stepOf(rule, chain, traversal, tried));
}

/** The step of a packet that comes to the end of a chain, which mostly is the same for one packet after the other, too. */
export function endOf(chain: CompiledChain, builtin: CompiledChain, traversal: Standing, tried: readonly Tried[]): EndStep {
  const known = tried.length > 0 ? undefined : chain.ends.find(traversal.context);
  if (known) return known;
  const end = madeEnd(chain, builtin, traversal, tried);
  return tried.length > 0 ? end : chain.ends.keep(traversal.context, end);
}

function madeEnd(chain: CompiledChain, builtin: CompiledChain, traversal: Standing, tried: readonly Tried[]): EndStep {
  const { netns, hook, table } = traversal;
  const isPolicy = chain === builtin;
  const step: Mutable<EndStep> = {
    kind: isPolicy ? "policy" : "return",
    netns,
    hook,
    table,
    chain: chain.name,
    number: chain.length + 1,
    line: chain.line,
  };
  if (isPolicy) step.verdict = builtin.policy ?? "ACCEPT";
  return place(step, traversal, tried);
}
