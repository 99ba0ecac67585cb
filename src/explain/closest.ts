import type { Host } from "../model/host.ts";
import type { Rule } from "../model/rule.ts";
import type { EndStep, PacketTrace, RuleStep, Way } from "../model/trace.ts";
import { type Condition, conditionsOf } from "./conditions.ts";
import { contextAt } from "./context.ts";
import { packetAlong } from "./packet-along.ts";

/** The rule that would have let a packet through but for the fewest conditions. */
export interface ClosestRule {
  readonly table: string;
  readonly chain: string;
  readonly rule: Rule;
  readonly failed: readonly Condition[];
}

interface Candidate extends ClosestRule {
  readonly met: number;
}

const MOST_FAILED = 2;

/** Looks for an accepting rule, before the one that dropped the packet, which failed on few conditions; undefined when none comes near. */
export function closestRule(trace: PacketTrace, way: Way, host: Host): ClosestRule | undefined {
  const end = way.steps.findLastIndex((step) => step.kind === "rule" || step.kind === "policy");
  const last = way.steps[end] as RuleStep | EndStep | undefined;
  const state = packetAlong(trace, way)[end];
  if (!last || !state || way.at.table !== last.table) return undefined;
  const namespace = host.namespaces.get(last.netns);
  const table = (state.packet.family === 4 ? namespace?.ruleset4 : namespace?.ruleset6)?.tables.get(last.table);
  if (!table) return undefined;
  const context = contextAt(last, state, trace.frame, namespace);
  const found: Candidate[] = [];
  const search = (
    chain: string,
    before: readonly Condition[],
    met: number,
    seen: ReadonlySet<string>,
    until: Rule | undefined,
  ): boolean => {
    for (const rule of table.chains.get(chain)?.rules ?? []) {
      if (rule === until) return true;
      const conditions = conditionsOf(rule, context);
      const failed = [...before, ...conditions.filter((c) => c.holds === false)];
      if (failed.length > MOST_FAILED || (failed.length > 1 && failed.some((c) => c.kind === "protocol"))) continue;
      const holding = met + conditions.length - (failed.length - before.length);
      const target = rule.target;
      if (target?.kind === "verdict" && target.verdict === "ACCEPT" && failed.length > 0) {
        found.push({ table: last.table, chain, rule, failed, met: holding });
      } else if ((target?.kind === "jump" || target?.kind === "goto") && !seen.has(target.chain)) {
        if (search(target.chain, failed, holding, new Set([...seen, chain]), until)) return true;
      }
    }
    return false;
  };
  const dropping = last.kind === "rule" ? last.rule : undefined;
  search(last.hook, [], 0, new Set(), dropping);
  return best(found);
}

function best(found: readonly Candidate[]): ClosestRule | undefined {
  const useful = found.filter((c) => c.met > 0 && c.failed.every(isTelling));
  return useful.sort((a, b) => a.failed.length - b.failed.length || b.met - a.met)[0];
}

/** That a new connection is not an established one tells nobody anything. */
function isTelling(condition: Condition): boolean {
  return !(condition.kind === "match" && ["conntrack", "state"].includes(condition.match ?? "") && condition.has.endsWith(" NEW"));
}
