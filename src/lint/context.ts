import type { Host } from "../model/host.ts";
import type { LintConfig } from "./config.ts";
import type { LintedRules } from "./linted-rules.ts";

/** What rules look at. */
export interface LintContext {
  readonly rulesets: readonly LintedRules[];
  /** The machine, where a snapshot was given. */
  readonly host?: Host;
  readonly config: LintConfig;
}
