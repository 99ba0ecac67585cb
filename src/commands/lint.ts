import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Args, Command, Flags } from "@oclif/core";
import { baselineText, withoutKnown } from "../lint/baseline.ts";
import { plural } from "../lint/counts.ts";
import { isAtLeast, SEVERITIES, type Severity } from "../lint/finding.ts";
import { RULES } from "../lint/index.ts";
import { type LintReport, lint } from "../lint/run.ts";
import { EXIT, UsageFailure } from "./failure.ts";
import { type FoundConfig, findConfig, readBaseline } from "./lint-config.ts";
import { type LintInputs, readLintInputs } from "./lint-input.ts";
import { LINT_FORMATS, writeReport } from "./lint-output.ts";
import { Output, terminalStyle, warn } from "./output.ts";
import { unwritten } from "./unwritten.ts";

/** `nettrace lint`: the defects of a ruleset. */
export default class Lint extends Command {
  static override summary = "Defects of a ruleset, each with its place and the reason; of a whole host when a snapshot is given.";
  static override description =
    "Ends with 1 when something is found that is at least as bad as --fail-on says. Remarks in the ruleset (# nettrace: ignore NT012 REASON), a configuration (.nettrace.yaml) and a baseline say what need not be told.";
  static override examples = [
    "iptables-save | <%= config.bin %> lint -",
    "<%= config.bin %> lint rules.v4 --rules6 rules.v6 --fail-on warning",
    "<%= config.bin %> lint host.tar.gz --format sarif",
    "<%= config.bin %> lint rules.v4 --fix",
    "<%= config.bin %> lint --explain NT012",
  ];
  static override usage = "lint RULES...|SNAPSHOT|- [FLAGS]";
  static override strict = false;
  static override args = {
    rules: Args.string({
      description: "iptables-save or ip6tables-save output, may be gzip- or zstd-compressed; a snapshot; - is standard input",
      ignoreStdin: true,
    }),
  };
  static override flags = {
    rules6: Flags.string({ summary: "ip6tables-save output, where that is not seen from its content", helpValue: "FILE" }),
    "stdin-name": Flags.string({ summary: "what findings call standard input", helpValue: "NAME" }),
    "fail-on": Flags.option({ options: SEVERITIES, summary: "the least severity that counts as failed, error if not given" })(),
    config: Flags.string({ summary: "configuration, if not the nearest .nettrace.yaml above the ruleset", helpValue: "FILE" }),
    baseline: Flags.string({ summary: "findings that are known and not told again", helpValue: "FILE" }),
    "write-baseline": Flags.string({
      summary: "write what is found as a baseline",
      helpValue: "FILE",
      exclusive: ["baseline", "fix", "diff"],
    }),
    fix: Flags.boolean({
      summary: "print what can be mended as a diff, then mend it; standard input goes to standard output",
      exclusive: ["diff"],
    }),
    diff: Flags.boolean({ summary: "print the diff, and mend nothing" }),
    explain: Flags.string({ summary: "the page of a lint rule, by its id or name", helpValue: "RULE", exclusive: ["fix", "diff"] }),
    format: Flags.option({ options: LINT_FORMATS, summary: "output format", default: "table" as const, helpGroup: "OUTPUT" })(),
    ascii: Flags.boolean({ summary: "only ASCII characters", helpGroup: "OUTPUT" }),
  };

  /** Reads, checks, mends and prints. */
  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Lint);
    if (flags.explain !== undefined) return explainRule(flags.explain, flags.ascii);
    const started = performance.now();
    const paths = argv.map(String);
    const read = await readLintInputs(paths, flags.rules6, flags["stdin-name"]);
    const found = await findConfig(flags.config, paths[0] ?? flags.rules6 ?? "-");
    const whole = check(read, found);
    if (flags["write-baseline"] !== undefined) return writeBaseline(flags["write-baseline"], whole, [...paths, flags.rules6]);
    const known = await readBaseline(flags.baseline, found);
    let report = withoutKnown(whole, known);
    let stdout = true;
    if (flags.fix || flags.diff) {
      const { fixInputs } = await import("./lint-fix.ts");
      const fixed = await fixInputs(read, report, {
        write: flags.fix,
        isParsed: flags.format !== "table",
        style: terminalStyle(flags.ascii),
      });
      if (flags.fix) report = withoutKnown(check(fixed.inputs, found), known);
      stdout = fixed.report === "stdout";
    }
    const seconds = (performance.now() - started) / 1000;
    const options = { format: flags.format, ascii: flags.ascii, seconds, version: this.config.version };
    await writeReport(report, read, options, stdout);
    process.exitCode = exitCode(report, flags["fail-on"] ?? found.config.failOn ?? "error");
  }
}

function check({ inputs, host, files }: LintInputs, { config }: FoundConfig): LintReport {
  return lint({ rulesets: inputs.map(({ rules }) => rules), ...(host && { host }), ...(files && { files }), config });
}

function exitCode({ findings }: LintReport, least: Severity): number {
  return findings.some(({ severity }) => isAtLeast(severity, least)) ? EXIT.negative : EXIT.done;
}

async function writeBaseline(path: string, { findings }: LintReport, inputs: readonly (string | undefined)[]): Promise<void> {
  if (inputs.some((input) => input !== undefined && resolve(input) === resolve(path)))
    throw new UsageFailure(`${path} is an input: --write-baseline would overwrite it`);
  await writeFile(path, baselineText(findings)).catch((error) => unwritten(path, error));
  warn(`${path}: ${plural(findings.length, "finding is", "findings are")} known from now on`);
}

async function explainRule(name: string, ascii: boolean): Promise<void> {
  const rule = RULES.find((one) => one.id === name.toUpperCase() || one.name === name);
  if (!rule) throw new UsageFailure(`there is no lint rule ${name}; there are ${RULES.map(({ id }) => id).join(", ")}`);
  const { pageText } = await import("../render/lint/page.ts");
  const output = new Output();
  await output.write(pageText(rule, terminalStyle(ascii)));
  await output.flush();
}
