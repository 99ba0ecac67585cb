import type { LintContext } from "./context.ts";
import type { Found, Severity } from "./finding.ts";

/** What rules are about. */
export type Group = "structure" | "reachability" | "exposure" | "cost" | "host";

/**
 * A ruleset that shows a rule at work, or the files of a snapshot's namespace `host` by name ("iptables-save.txt"; "red/ip-route.txt" is of the namespace `red`), and a configuration as ".nettrace.yaml".
 * A line `#^^^ NT012: text` expects a finding in the last line before it that is none of these, with `text` in its message; where the
 * carets stand under words, these are the columns that it has to have.
 */
export type Example = string | Readonly<Record<string, string>>;

/** One rule of `nettrace lint`: a file of its own in rules/. Its examples are its tests, its words its page. */
export interface LintRule {
  /** "NT012": permanent, since configurations and suppressions name it. */
  readonly id: string;
  /** "unreachable-rule" */
  readonly name: string;
  readonly severity: Severity;
  /** It says nothing until the configuration gives it a severity. */
  readonly isOff?: true;
  readonly group: Group;
  /** One sentence: what is wrong. */
  readonly summary: string;
  /** Why that matters, and what the kernel and iptables make of it. */
  readonly why: string;
  /** Where it is not reported, or may be left as it is. */
  readonly exceptions: string;
  readonly bad: Example;
  readonly good: Example;
  check(context: LintContext): Iterable<Found>;
}
