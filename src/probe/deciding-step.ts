import type { Hook, TableName } from "../model/rule.ts";
import type { EndStep, RuleStep, Way } from "../model/trace.ts";

/** A chain's policy as a step. */
export interface PolicyStep extends EndStep {
  readonly kind: "policy";
}

/** What of a table's chains of a hook let a packet on, or stopped it; undefined where it did not get there. */
export function decidingStep({ steps }: Way, table: TableName, hook: Hook): RuleStep | PolicyStep | undefined {
  const isOne = (step: Way["steps"][number]): step is RuleStep | PolicyStep =>
    (step.kind === "rule" || step.kind === "policy") && step.table === table && step.hook === hook;
  return steps.findLast(isOne);
}
