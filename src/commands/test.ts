import { Args, Command, Flags } from "@oclif/core";
import { EXIT, UsageFailure } from "./failure.ts";
import { assumeFlag, hostFlags, outputFlags } from "./flags.ts";
import { Output, terminalStyle } from "./output.ts";

/** `nettrace test`: whether packets fare as test files expect. */
export default class Test extends Command {
  static override summary = "Whether packets fare as test files expect: verdict, rule, translation, way out.";
  static override description =
    "A test file is YAML: what the machine is, and for each packet or capture what is to become of it. What does not hold is explained, and the exit code is 1. Flags that say what the machine is take the place of what the files say: the same tests, before new rules are loaded.";
  static override examples = [
    "<%= config.bin %> test firewall.test.yaml",
    "<%= config.bin %> test firewall.test.yaml --rules new-rules.v4 --routes routes.txt",
    "<%= config.bin %> test tests/*.yaml --format junit > report.xml",
    '<%= config.bin %> test firewall.test.yaml --filter "web server"',
  ];
  static override usage = "test FILE... [FLAGS]";
  static override strict = false;
  static override args = {
    file: Args.string({ description: "test file, - is standard input; paths in it are relative to it", ignoreStdin: true }),
  };
  static override flags = {
    filter: Flags.string({ summary: "only tests whose name has this in it", helpValue: "NAME", helpGroup: "FILTER" }),
    ...hostFlags,
    assume: assumeFlag,
    format: Flags.string({ summary: "output format", options: ["table", "junit", "json"], default: "table", helpGroup: "OUTPUT" }),
    "all-steps": Flags.boolean({ summary: "every step in explanations", helpGroup: "OUTPUT" }),
    ascii: outputFlags.ascii,
  };

  /** Reads, replays, compares and prints. */
  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Test);
    const files = argv as string[];
    if (files.length === 0) throw new UsageFailure("missing FILE (see nettrace test --help)");
    const { runTests } = await import("./run-tests.ts");
    const { report, isPartial } = await runTests(files, flags);
    const output = new Output();
    if (flags.format === "junit") await output.write((await import("../render/junit.ts")).junitText(report));
    else if (flags.format === "json") await output.write((await import("../render/test-json.ts")).testReportJson(report));
    else {
      const { testReportText } = await import("../render/test-report.ts");
      for (const piece of testReportText(report, terminalStyle(flags.ascii))) await output.write(piece);
    }
    await output.flush();
    const holds = report.files.every(({ assertions }) => assertions.every((assertion) => assertion.holds));
    process.exitCode = holds ? (isPartial ? EXIT.partly : EXIT.done) : EXIT.negative;
  }
}
