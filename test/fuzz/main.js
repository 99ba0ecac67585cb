// npm run fuzz -- [--seed N] [--seconds N] [--only NAME,...] [--input FILE] [--keep FOLDER]
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** A parser that works on one input for so long hangs. */
const LONGEST_STEP = 90_000;

const text = { type: "string" };
const { values } = parseArgs({ options: { seed: text, seconds: text, only: text, input: text, keep: text } });
for (const name of ["seed", "seconds"]) {
  if (values[name] !== undefined && !/^[0-9]{1,6}$/.test(values[name]))
    fail(`--${name} is a number of up to six digits, found "${values[name]}"`);
}
const seed = values.seed ?? String(randomInt(1, 100_000));
const seconds = values.seconds ?? "60";
const keep = values.keep ?? "fuzz-failures";
process.stdout.write(`fuzz: --seed ${seed} --seconds ${seconds}\n`);

const folder = mkdtempSync(join(tmpdir(), "nettrace-fuzz-"));
const current = join(folder, "current");
const report = join(folder, "report.json");
const env = {
  ...process.env,
  FUZZ_SEED: seed,
  FUZZ_SECONDS: seconds,
  FUZZ_CURRENT: current,
  FUZZ_REPORT: report,
  FUZZ_KEEP: keep,
  ...(values.only && { FUZZ_ONLY: values.only }),
  ...(values.input && { FUZZ_INPUT: values.input }),
};
const vitest = new URL("../../node_modules/vitest/vitest.mjs", import.meta.url).pathname;
// A group of its own: what hangs is a worker of vitest, which then ends with it.
const child = spawn(process.execPath, [vitest, "run", "--config", "test/fuzz/vitest.config.ts", "--reporter=dot"], {
  env,
  stdio: ["ignore", "inherit", "inherit"],
  detached: true,
});
let hung = false;
const watch = setInterval(() => {
  if (!existsSync(current) || Date.now() - statSync(current).mtimeMs < LONGEST_STEP) return;
  hung = true;
  end();
}, 1000);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
child.on("exit", (status) => {
  clearInterval(watch);
  const told = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined;
  const failures = told?.failures ?? [];
  if (!existsSync(`${report}.done`)) failures.push(brokenOff());
  for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
  rmSync(folder, { recursive: true, force: true });
  const runs = Object.entries(told?.runs ?? {}).map(([name, count]) => `${name} ${count}`);
  process.stdout.write(`fuzz, seed ${seed}: ${failures.length} failed; runs: ${runs.join(", ") || "not told"}\n`);
  process.exitCode = failures.length > 0 || status !== 0 ? 1 : 0;
});

/** What the process was at when it broke off, with the input kept. */
function brokenOff() {
  if (!existsSync(current)) return "the run ended before its first input";
  mkdirSync(keep, { recursive: true });
  const file = join(keep, `broken-off-${seed}`);
  copyFileSync(current, file);
  const name = existsSync(`${current}.name`) ? readFileSync(`${current}.name`, "utf8") : "?";
  const what = hung ? `hangs for more than ${LONGEST_STEP / 1000} s on` : "ends the process on";
  return `${name}: ${what} ${file}; again: npm run fuzz -- --only ${name} --input ${file}`;
}

function end() {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function fail(message) {
  process.stderr.write(`fuzz: ${message}\n`);
  process.exit(2);
}
