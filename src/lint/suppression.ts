import type { Place } from "./finding.ts";
import { type LintedRules, placeOfWords } from "./linted-rules.ts";

/** A remark in a ruleset that takes findings back. */
export interface Suppression {
  /** Ids or names of rules, as written. */
  readonly rules: readonly string[];
  readonly reason: string;
  /** The line whose findings it takes back; absent for the whole file. */
  readonly line?: number;
  /** Where it stands. */
  readonly at: Place;
}

const REMARK = /nettrace:\s*ignore(-file)?\b[ \t]*([^"'#]*)/;
const COMMENT = /^\s*#/;

/** All such remarks: in a `#` line they are about the next line with something in it, in the comment of a rule about that rule. */
export function suppressionsOf(rules: LintedRules): readonly Suppression[] {
  const found: Suppression[] = [];
  rules.lines.forEach((text, index) => {
    const remark = text.includes("nettrace:") ? REMARK.exec(text) : null;
    if (!remark) return;
    const [, whole, words = ""] = remark;
    const line = whole ? undefined : COMMENT.test(text) ? nextLine(rules.lines, index) : index + 1;
    const at = placeOfWords(rules, index + 1, REMARK);
    found.push({ ...readWords(words), ...(line !== undefined && { line }), at });
  });
  return found;
}

// "NT010, unused-chain: the reason": names have commas or blanks between them, but a second word that is no id begins the reason.
const NAMES = /^((?:[\w-]+)(?:(?:\s*,\s*[\w-]+)|(?:\s+NT\d+\b))*)?[\s:,-]*(.*)$/s;

function readWords(text: string): Pick<Suppression, "rules" | "reason"> {
  const [, names = "", reason = ""] = NAMES.exec(text.trim()) ?? [];
  return { rules: names.split(/[\s,]+/).filter((name) => name !== ""), reason: reason.trim() };
}

function nextLine(lines: readonly string[], index: number): number {
  for (let i = index + 1; i < lines.length; i++) if (!/^\s*(?:#|$)/.test(lines[i] ?? "")) return i + 1;
  return index + 1;
}
