import type { Rule, Ruleset } from "../model/rule.ts";
import { parseIptablesSave } from "../parse/iptables-save.ts";
import type { Finding } from "./finding.ts";
import type { LintedRules } from "./linted-rules.ts";

/** A line that fixes take away or change. */
export interface LineChange {
  /** Its number in the text as it was. */
  readonly line: number;
  readonly before: string;
  /** Absent: the line goes. */
  readonly after?: string;
}

/** A ruleset's text with all fixes made. */
export interface FixedRules {
  readonly file: string;
  readonly text: string;
  readonly changes: readonly LineChange[];
  /** Numbers of findings that are mended. */
  readonly fixed: number;
}

/** Makes the fixes of all findings about a ruleset. Lines that they do not name stay as they are, counters and comments too. */
export function fixRules(rules: LintedRules, findings: readonly Finding[], text: string): FixedRules {
  const fixes = findings.flatMap(({ fix }) => (fix?.file === rules.file ? [fix] : []));
  const edits = new Map(fixes.flatMap(({ edits: lines }) => lines.map((edit) => [edit.line, edit.text] as const)));
  const changes: LineChange[] = [];
  const kept: string[] = [];
  // Line ends stay as they are, so that a file keeps those of DOS.
  for (const [index, whole] of text.split(/(?<=\n)/).entries()) {
    const line = index + 1;
    const [, before = "", end = ""] = /^(.*?)(\r?\n?)$/s.exec(whole) ?? [];
    if (!edits.has(line)) {
      kept.push(whole);
      continue;
    }
    const after = edits.get(line);
    changes.push({ line, before, ...(after !== undefined && { after }) });
    if (after !== undefined) kept.push(after + end);
  }
  return { file: rules.file, text: kept.join(""), changes, fixed: fixes.length };
}

/** What would be wrong with a fixed text: problems that were not there before, or rules that are no longer what they were. */
export function whyNotFixed(rules: LintedRules, fixed: FixedRules): string | undefined {
  const { ruleset, problems } = rules;
  const after = parseIptablesSave(fixed.text, rules.file, ruleset.family, { allowEmpty: true });
  if (after.problems.length > problems.length) return `line ${after.problems[0]?.line} would be refused: ${after.problems[0]?.message}`;
  const gone = new Set(fixed.changes.map(({ line }) => line));
  const wanted = ruleLines(ruleset, (rule) => !gone.has(rule.line));
  const found = ruleLines(after.value, () => true);
  const wrong = wanted.find((text, i) => text !== found[i]);
  if (wanted.length === found.length && wrong === undefined) return undefined;
  return "the rules that stay would not be in their order (a rule is inserted by its number)";
}

function ruleLines(ruleset: Ruleset, stays: (rule: Rule) => boolean): readonly string[] {
  const words = (rule: Rule) => `${JSON.stringify(rule.counters)} ${rule.text}`;
  return [...ruleset.tables.values()].flatMap((table) =>
    [...table.chains.values()].flatMap((chain) => chain.rules.filter(stays).map(words)),
  );
}
