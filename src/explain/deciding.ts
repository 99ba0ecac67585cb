import type { EndStep, RuleStep, Way } from "../model/trace.ts";
import { briefRule, ruleName, targetName } from "./rule-words.ts";
import { isChainStep } from "./steps.ts";
import { lastChainStep, natRule } from "./way.ts";

/** The rules and policies that decided over a packet: the one that ended its way, or all that let it pass or translated it. */
export function decidingSteps(way: Way): readonly (RuleStep | EndStep)[] {
  const { verdict, at } = way;
  if (verdict === "unknown") return [];
  if (verdict !== "delivered" && verdict !== "forwarded") {
    const last = lastChainStep(way);
    return at.table !== undefined && last ? [last] : [];
  }
  const translating = new Set(way.steps.map((_, index) => natRule(way, index)));
  return way.steps.filter((step) => isChainStep(step)).filter((step) => translating.has(step as RuleStep) || accepts(step));
}

function accepts(step: RuleStep | EndStep): boolean {
  if (step.kind === "rule") return targetName(step.rule.target) === "ACCEPT";
  return step.kind === "policy" && step.table === "filter" && step.verdict === "ACCEPT";
}

/** A rule or policy in words; of another namespace than `home` with its name. */
export function stepWords(step: RuleStep | EndStep, home: string): string {
  const elsewhere = step.netns === home ? "" : ` in netns ${step.netns}`;
  if (step.kind === "rule") return `${ruleName(step.table, step.chain, step.rule)}${elsewhere}: ${briefRule(step.rule)}`;
  return `${step.table} ${step.chain} policy${elsewhere}`;
}
