import type { Host } from "../model/host.ts";
import type { LintConfig } from "./config.ts";
import type { LintedRules } from "./linted-rules.ts";

/** A file of a snapshot. */
export interface HostFile {
  readonly netns: string;
  /** "ip-link.json" */
  readonly name: string;
  /** As messages name it. */
  readonly file: string;
  readonly lines: readonly string[];
}

/** What rules look at. */
export interface LintContext {
  readonly rulesets: readonly LintedRules[];
  /** The machine, where a snapshot was given. */
  readonly host?: Host;
  /** The files of the snapshot. */
  readonly files?: readonly HostFile[];
  readonly config: LintConfig;
}
