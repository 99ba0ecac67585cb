/** How bad a finding is, worst first. */
export const SEVERITIES = ["error", "warning", "hint"] as const;

export type Severity = (typeof SEVERITIES)[number];

/** A part of a line. Lines and columns count from 1; `endColumn` is the one behind the last. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** Another place that a finding speaks of. */
export interface Related extends Place {
  /** "takes every packet that gets there" */
  readonly message: string;
}

/** A packet that shows what a finding says. */
export interface Witness {
  /** A command line: "nettrace packet tcp 10.0.0.1:40000 192.0.2.1:22 --rules rules.txt". */
  readonly packet: string;
  /** "dropped by line 38" */
  readonly outcome: string;
}

/** What would mend it: lines of one file that go, or become something else. */
export interface Fix {
  /** "remove the rule" */
  readonly title: string;
  readonly file: string;
  readonly edits: readonly LineEdit[];
}

/** A line that goes, or gets another text. */
export interface LineEdit {
  readonly line: number;
  readonly text?: string;
}

/** What a rule found. */
export interface Found extends Place {
  readonly message: string;
  /** What to do about it, in a sentence. */
  readonly hint?: string;
  /** Where it is not as bad, or worse, than such findings are. */
  readonly severity?: Severity;
  readonly related?: readonly Related[];
  readonly witness?: Witness;
  readonly fix?: Fix;
}

/** A defect: what, where, how bad, and what shows it. */
export interface Finding extends Found {
  /** "NT012" */
  readonly rule: string;
  /** "unreachable-rule" */
  readonly name: string;
  readonly severity: Severity;
  readonly related: readonly Related[];
  /** The line as it is written. */
  readonly source: string;
  /** Stays the same when lines are added before it; no other finding of the run has it. */
  readonly fingerprint: string;
}

/** Whether a severity is at least as bad as another. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}
