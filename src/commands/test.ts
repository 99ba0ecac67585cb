import { Args, Command, Flags } from "@oclif/core";
import { UsageFailure } from "./failure.ts";
import { assumeFlag, hostFlags, outputFlags } from "./flags.ts";

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
    // Neither help nor wrong flags need what reads, replays and compares.
    const { reportTests } = await import("./report-tests.ts");
    process.exitCode = await reportTests(files, flags);
  }
}
