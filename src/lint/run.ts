import { createHash } from "node:crypto";
import type { HostFile, LintContext } from "./context.ts";
import type { Finding, Found, Severity } from "./finding.ts";
import { RULES } from "./index.ts";
import type { LintRule } from "./lint-rule.ts";
import type { LintedRules } from "./linted-rules.ts";
import { ABOUT_SUPPRESSIONS, takeBack } from "./suppressed.ts";

/** What came out of a run. */
export interface LintReport {
  readonly findings: readonly Finding[];
  /** How many were taken back by remarks in the rulesets. */
  readonly suppressed: number;
  /** How many the baseline has. */
  readonly known: number;
  readonly files: readonly string[];
  /** Number of rules in all rulesets. */
  readonly rules: number;
}

/** Checks rulesets with all rules that the configuration has not turned off. */
export function lint(context: LintContext, rules: readonly LintRule[] = RULES): LintReport {
  const drafts: Draft[] = [];
  const on = rules.flatMap((rule) => {
    const severity = severityOf(rule, context);
    return severity === "off" ? [] : [{ rule, severity }];
  });
  for (const { rule, severity } of on) {
    for (const found of rule.check(context)) drafts.push(draft(rule, found, severity));
  }
  const order = new Map(context.rulesets.map(({ file }, index) => [file, index]));
  const { kept, faults } = takeBack(drafts, context, rules, new Set(on.map(({ rule }) => rule.id)));
  const suppressed = drafts.length - kept.length;
  const about = on.find(({ rule }) => rule.id === ABOUT_SUPPRESSIONS);
  if (about) for (const found of faults) kept.push(draft(about.rule, found, about.severity));
  kept.sort((a, b) => compare(order, a, b));
  const lines = new Map(context.rulesets.map((ruleset) => [ruleset.file, ruleset]));
  return {
    findings: withFingerprints(kept, lines, new Map(context.files?.map((one) => [one.file, one]))),
    suppressed,
    known: 0,
    files: context.rulesets.map(({ file }) => file),
    rules: context.rulesets.reduce((sum, { ruleset }) => sum + countRules(ruleset), 0),
  };
}

interface Draft {
  readonly rule: LintRule;
  readonly found: Found;
  readonly severity: Severity;
}

function draft(rule: LintRule, found: Found, configured: Severity | undefined): Draft {
  return { rule, found, severity: configured ?? found.severity ?? rule.severity };
}

function severityOf({ id, name, isOff }: LintRule, { config }: LintContext): Severity | "off" | undefined {
  return config.rules.get(id) ?? config.rules.get(name) ?? (isOff && "off");
}

function compare(order: ReadonlyMap<string, number>, a: Draft, b: Draft): number {
  const files = (order.get(a.found.file) ?? order.size) - (order.get(b.found.file) ?? order.size);
  if (files !== 0) return files;
  if (a.found.line !== b.found.line) return a.found.line - b.found.line;
  return a.found.column - b.found.column || a.rule.id.localeCompare(b.rule.id);
}

// Names neither lines nor files, so that a finding is still known when rules are added before it and on another machine.
function withFingerprints(
  drafts: readonly Draft[],
  rulesets: ReadonlyMap<string, LintedRules>,
  files: ReadonlyMap<string, HostFile>,
): readonly Finding[] {
  const seen = new Map<string, number>();
  return drafts.map(({ rule, found, severity }) => {
    const ruleset = rulesets.get(found.file);
    const file = ruleset ? undefined : files.get(found.file);
    const source = (ruleset ?? file)?.lines[found.line - 1] ?? "";
    // What ip prints as JSON is one line, and it changes all the time.
    const text = file ? found.message : source.replace(/\[\d+:\d+\]/g, "").trim();
    const key = [rule.id, (ruleset ?? file)?.netns ?? "", ruleset?.ruleset.family ?? file?.name ?? found.file, text].join("\n");
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    const fingerprint = createHash("sha256").update(`${key}\n${before}`).digest("hex").slice(0, 32);
    return { ...found, rule: rule.id, name: rule.name, severity, related: found.related ?? [], source, fingerprint };
  });
}

function countRules({ tables }: LintedRules["ruleset"]): number {
  let count = 0;
  for (const table of tables.values()) for (const chain of table.chains.values()) count += chain.rules.length;
  return count;
}
