import { writeFile } from "node:fs/promises";
import { fixRules, whyNotFixed } from "../lint/fix.ts";
import { readLintedRules } from "../lint/linted-rules.ts";
import type { LintReport } from "../lint/run.ts";
import { unifiedDiff } from "../render/lint/diff.ts";
import type { Style } from "../render/style.ts";
import { UsageFailure } from "./failure.ts";
import type { LintInput, LintInputs } from "./lint-input.ts";
import { Output, warn } from "./output.ts";
import { unwritten } from "./unwritten.ts";

interface FixOptions {
  /** Mend, and not only print the diff. */
  readonly write: boolean;
  /** The report is for programs, which take nothing but it from standard output. */
  readonly isParsed: boolean;
  readonly style: Style;
}

/** What became of the inputs, and where the report may go. */
interface Fixed {
  readonly inputs: LintInputs;
  readonly report: "stdout" | "stderr";
}

/** Prints the diff of all fixes, then makes them: a file is written, standard input goes to standard output. Then, or beside a report for programs, the diff goes to standard error. */
export async function fixInputs(read: LintInputs, report: LintReport, { write, isParsed, style }: FixOptions): Promise<Fixed> {
  if (read.host && write)
    throw new UsageFailure("--fix is for rulesets: a snapshot is the record of a machine, so mend it there (--diff shows how)");
  const output = new Output();
  const after: LintInput[] = [];
  const standard = write && read.inputs.some((input) => input.standard);
  for (const input of read.inputs) {
    const fixed = fixRules(input.rules, report.findings, input.text);
    const reason = fixed.changes.length === 0 ? undefined : whyNotFixed(input.rules, fixed);
    const text = reason === undefined ? fixed.text : input.text;
    if (reason !== undefined) warn(`${input.rules.file}: not mended: ${reason}`);
    else if (fixed.changes.length > 0) {
      if (write) refuseCompressed(input);
      const diff = unifiedDiff(input.rules.file, input.text, fixed.changes, style);
      if (standard || isParsed) warn(diff.trimEnd());
      else await output.write(`${diff}\n`);
      await output.flush();
      if (write && input.path !== undefined) await writeFile(input.path, text).catch((error) => unwritten(input.path ?? "", error));
    }
    if (write && input.standard) await output.write(text);
    const { ruleset, netns } = input.rules;
    after.push({ ...input, text, rules: readLintedRules(text, input.rules.file, ruleset.family, netns) });
  }
  await output.flush();
  return { inputs: { ...read, inputs: after }, report: standard ? "stderr" : "stdout" };
}

function refuseCompressed({ path, standard, rules }: LintInput): void {
  if (path === undefined && !standard)
    throw new UsageFailure(`--fix cannot write ${rules.file}: it is no plain file (--diff shows what to do)`);
}
