import { RULES } from "../lint/index.ts";
import type { LintReport } from "../lint/run.ts";
import type { LintInputs } from "./lint-input.ts";
import { Output, terminalStyle, warn } from "./output.ts";

/** The formats of `nettrace lint`. */
export const LINT_FORMATS = ["table", "json", "sarif", "junit", "github", "gitlab"] as const;

/** What the output looks like. */
interface ReportOptions {
  readonly format: (typeof LINT_FORMATS)[number];
  readonly ascii: boolean;
  readonly seconds: number;
  readonly version: string;
}

/** Prints a report; on standard error where standard output is a ruleset's. */
export async function writeReport(report: LintReport, inputs: LintInputs, options: ReportOptions, stdout: boolean): Promise<void> {
  const pieces = await reportText(report, inputs, options);
  if (!stdout) return warn([...pieces].join("").trimEnd());
  const output = new Output();
  for (const piece of pieces) await output.write(piece);
  await output.flush();
}

// Each format is a file of its own in the bundle, and only that one is loaded.
async function reportText(report: LintReport, inputs: LintInputs, options: ReportOptions): Promise<Iterable<string>> {
  switch (options.format) {
    case "table": {
      const { lintTable } = await import("../render/lint/table.ts");
      const lines = new Map([...inputs.inputs.map(({ rules }) => rules), ...(inputs.files ?? [])].map((one) => [one.file, one.lines]));
      const source = (file: string, line: number) => lines.get(file)?.[line - 1] ?? "";
      return lintTable(report, source, terminalStyle(options.ascii), options.seconds);
    }
    case "json":
      return [(await import("../render/lint/json.ts")).lintJson(report)];
    case "sarif":
      return [(await import("../render/lint/sarif.ts")).lintSarif(report, RULES, options.version)];
    case "junit":
      return [(await import("../render/lint/junit.ts")).lintJunit(report)];
    case "github":
      return [(await import("../render/lint/github.ts")).lintGithub(report)];
    case "gitlab":
      return [(await import("../render/lint/gitlab.ts")).lintGitlab(report)];
  }
}
