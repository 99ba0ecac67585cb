import type { AssertionCheck } from "../explain/assertion.ts";
import type { Assumption } from "../model/host.ts";
import type { Problem } from "../model/problem.ts";
import type { CaptureTest, PacketTest, Said, TestFile } from "../model/test-file.ts";
import { parseTestFile } from "../parse/test-file/test-file.ts";
import { problemsText } from "../render/problems.ts";
import type { FileReport, TestReport } from "../render/test-report.ts";
import { readAssumptions } from "./assume.ts";
import { prepareCapture } from "./check-capture.ts";
import { InputFailure, Interrupted, refuse, UsageFailure } from "./failure.ts";
import type { HostFlags } from "./flags.ts";
import { readText } from "./input.ts";
import { Interrupt } from "./interrupt.ts";
import { warn } from "./output.ts";
import { preparePackets } from "./send-packets.ts";
import { type Machine, Machines, onBehalf } from "./test-machine.ts";

/** The flags of the command that say what is tested. */
export interface TestFlags extends HostFlags {
  readonly assume?: readonly string[] | undefined;
  readonly filter?: string | undefined;
  readonly "all-steps": boolean;
}

interface ReadFile {
  readonly path: string;
  readonly name: string;
  readonly content: TestFile;
}

/** A test that nothing is wrong with; to be called when its turn comes. */
type PreparedTest = () => Promise<readonly AssertionCheck[]>;

const WIDTH = 100;
const INTERRUPTED = "interrupted: not all tests were run";

/** Runs the tests of some files: all that is wrong with them is said before the first one runs. `isPartial`: a capture broke off. */
export async function runTests(
  paths: readonly string[],
  flags: TestFlags,
): Promise<{ readonly report: TestReport; readonly isPartial: boolean }> {
  const machines = new Machines(flags, paths);
  const files = chosenTests(await readFiles(paths), flags.filter);
  const interrupt = new Interrupt();
  const damage: Problem[] = [];
  try {
    const prepared = await prepareAll(files, machines, flags, interrupt, damage);
    const reports: FileReport[] = [];
    for (const [index, tests] of prepared.entries()) {
      const begun = performance.now();
      const checks: AssertionCheck[] = [];
      for (const test of tests) {
        checks.push(...(await test()));
        // Signals are heard only between two turns of the event loop.
        await new Promise((resolve) => setImmediate(resolve));
        if (interrupt.isPending) throw new Interrupted(INTERRUPTED);
      }
      const assertions = checks.map((check) => check.result(flags["all-steps"]));
      const assumptions = new Map<string, Assumption>(checks.flatMap((check) => [...check.assumptions]));
      reports.push({ file: files[index]?.name ?? "", assertions, assumptions, seconds: (performance.now() - begun) / 1000 });
    }
    if (damage.length > 0) warn(problemsText(damage, WIDTH));
    return { report: { files: reports }, isPartial: damage.length > 0 };
  } finally {
    interrupt.end();
  }
}

async function readFiles(paths: readonly string[]): Promise<readonly ReadFile[]> {
  const twice = paths.find((path, index) => paths.indexOf(path) < index);
  if (twice !== undefined) throw new UsageFailure(`${twice} is given twice`);
  const problems: Problem[] = [];
  const files: ReadFile[] = [];
  for (const path of paths) {
    const { name, text } = await readText(path, "a test file (YAML)");
    const parsed = parseTestFile(text, name);
    problems.push(...parsed.problems);
    files.push({ path, name, content: parsed.value });
  }
  refuse(problems);
  return files;
}

function chosenTests(files: readonly ReadFile[], filter: string | undefined): readonly ReadFile[] {
  if (filter === undefined) return files;
  const wanted = filter.toLowerCase();
  const left = files.map((file) => {
    const tests = file.content.tests.filter(({ name }) => name.value.toLowerCase().includes(wanted));
    return { ...file, content: { ...file.content, tests } };
  });
  if (left.some(({ content }) => content.tests.length > 0)) return left.filter(({ content }) => content.tests.length > 0);
  const names = files.flatMap(({ content }) => content.tests.map(({ name }) => name.value));
  throw new UsageFailure(
    `--filter ${JSON.stringify(filter)}: no test has this in its name; there is ${names.map((name) => JSON.stringify(name)).join(", ")}`,
  );
}

async function prepareAll(
  files: readonly ReadFile[],
  machines: Machines,
  flags: TestFlags,
  interrupt: Interrupt,
  damage: Problem[],
): Promise<readonly (readonly PreparedTest[])[]> {
  const problems: Problem[] = [];
  const prepared: (readonly PreparedTest[])[] = [];
  for (const { path, content } of files) {
    const tests: PreparedTest[] = [];
    const machine = await machines.of(path, content);
    for (const test of content.tests) {
      try {
        const assumed = assumedIn(content, test, flags.assume);
        tests.push(await prepare(test, machine, assumed, interrupt, damage));
      } catch (error) {
        if (!(error instanceof InputFailure)) throw error;
        problems.push(...error.problems);
      }
    }
    prepared.push(tests);
  }
  refuse(problems);
  return prepared;
}

async function prepare(
  test: PacketTest | CaptureTest,
  machine: Machine,
  assumed: ReadonlyMap<string, string>,
  interrupt: Interrupt,
  damage: Problem[],
): Promise<PreparedTest> {
  if (test.kind === "packets") {
    const send = preparePackets(test, machine, assumed);
    return async () => send();
  }
  const read = await prepareCapture(test, machine, assumed, interrupt);
  return async () => {
    const checked = await read();
    damage.push(...checked.damage);
    return [checked.check];
  };
}

/** What is taken for true about the machine: by the file, the test, and above all by the command line. */
function assumedIn(file: TestFile, test: PacketTest | CaptureTest, given: readonly string[] | undefined): ReadonlyMap<string, string> {
  const read = (said: Said<string>) => [...onBehalf(said.spot, () => readAssumptions([said.value]))];
  return new Map([...file.assume.flatMap(read), ...test.assume.flatMap(read), ...readAssumptions(given)]);
}
