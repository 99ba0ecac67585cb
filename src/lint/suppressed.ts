import type { LintContext } from "./context.ts";
import type { Found } from "./finding.ts";
import type { LintRule } from "./lint-rule.ts";
import { type Suppression, suppressionsOf } from "./suppression.ts";

/** The rule that speaks of suppressions; it cannot be taken back itself. */
export const ABOUT_SUPPRESSIONS = "NT019";

interface Draft {
  readonly rule: LintRule;
  readonly found: Found;
}

/** Takes back what remarks in the rulesets take back. `faults` are remarks without a reason, about no rule, or about nothing. */
export function takeBack<D extends Draft>(
  drafts: readonly D[],
  { rulesets }: LintContext,
  rules: readonly LintRule[],
  on: ReadonlySet<string>,
) {
  const remarks = new Map(rulesets.map((ruleset) => [ruleset.file, suppressionsOf(ruleset)]));
  const used = new Set<Suppression>();
  const kept = drafts.filter(({ rule, found }) => {
    if (rule.id === ABOUT_SUPPRESSIONS) return true;
    const fitting = (remarks.get(found.file) ?? []).filter((remark) => fits(remark, rule, found));
    for (const remark of fitting) used.add(remark);
    return fitting.length === 0;
  });
  const names = new Map(rules.flatMap((rule) => [[rule.id, rule] as const, [rule.name, rule] as const]));
  const faults: Found[] = [];
  for (const remark of [...remarks.values()].flat()) {
    const fault = faultOf(remark, names, on, used.has(remark));
    if (fault) faults.push({ ...remark.at, ...fault });
  }
  return { kept, faults };
}

function fits({ rules, reason, line }: Suppression, rule: LintRule, found: Found): boolean {
  if (reason === "" || (line !== undefined && line !== found.line)) return false;
  return rules.includes(rule.id) || rules.includes(rule.name);
}

function faultOf(
  { rules, reason }: Suppression,
  names: ReadonlyMap<string, LintRule>,
  on: ReadonlySet<string>,
  used: boolean,
): Pick<Found, "message" | "severity"> | undefined {
  if (rules.length === 0) return { message: "This remark takes nothing back: it names no lint rule." };
  const unknown = rules.find((name) => !names.has(name));
  if (unknown !== undefined) return { message: `This remark names ${unknown}, which is no lint rule.` };
  if (reason === "") return { message: "This remark takes nothing back: it gives no reason." };
  if (used || rules.some((name) => !on.has(names.get(name)?.id ?? ""))) return undefined;
  return { message: `This remark can go: there is no finding of ${rules.join(", ")} here.`, severity: "hint" };
}
