import { junitText } from "../render/junit.ts";
import { testReportJson } from "../render/test-json.ts";
import { type TestReport, testReportText } from "../render/test-report.ts";
import { EXIT } from "./failure.ts";
import { Output, terminalStyle } from "./output.ts";
import { runTests, type TestFlags } from "./run-tests.ts";

interface ReportFlags extends TestFlags {
  readonly format: string;
  readonly ascii: boolean;
}

/** Runs test files and prints what they came to; gives back the exit code. */
export async function reportTests(files: readonly string[], flags: ReportFlags): Promise<number> {
  const { report, isPartial } = await runTests(files, flags);
  const output = new Output();
  for (const piece of reportText(report, flags)) await output.write(piece);
  await output.flush();
  const holds = report.files.every(({ assertions }) => assertions.every((assertion) => assertion.holds));
  if (!holds) return EXIT.negative;
  return isPartial ? EXIT.partly : EXIT.done;
}

function reportText(report: TestReport, { format, ascii }: ReportFlags): Iterable<string> {
  if (format === "junit") return [junitText(report)];
  return format === "json" ? [testReportJson(report)] : testReportText(report, terminalStyle(ascii));
}
