import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = `${ROOT}bin/run.js`;
const BUILT = `${ROOT}dist/nettrace.cjs`;

/** With Node's own require, which knows nothing of vitest's modules. */
const requireBuilt = createRequire(import.meta.url) as (path: string) => { main(argv: readonly string[], from: string): Promise<void> };

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Path of a file of a recorded scenario. */
export function recorded(scenario: string, file: string): string {
  return fileURLToPath(new URL(`../recordings/scenarios/${scenario}/${file}`, import.meta.url));
}

/** Runs the built command line in a process of its own, as a user would. */
export function spawned(args: readonly string[], input?: Uint8Array): Result {
  const env = { ...process.env, COLUMNS: "100", NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { env, encoding: "utf8", ...(input && { input }) });
  return { status: status ?? -1, stdout, stderr };
}

/** Runs the built command line in this process, which takes a tenth of the time. */
export async function nettrace(...args: string[]): Promise<Result> {
  const { main } = requireBuilt(BUILT);
  const written = { stdout: "", stderr: "" };
  const kept = { stdout: process.stdout.write, stderr: process.stderr.write, columns: process.env["COLUMNS"] };
  const into = (stream: "stdout" | "stderr") => (text: string | Uint8Array) => {
    written[stream] += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
    return true;
  };
  process.env["COLUMNS"] = "100";
  process.stdout.write = into("stdout") as typeof process.stdout.write;
  process.stderr.write = into("stderr") as typeof process.stderr.write;
  try {
    process.exitCode = 0;
    await main(args, pathToFileURL(PROGRAM).href);
    return { status: Number(process.exitCode), ...written };
  } finally {
    process.exitCode = 0;
    process.stdout.write = kept.stdout;
    process.stderr.write = kept.stderr;
    if (kept.columns === undefined) delete process.env["COLUMNS"];
    else process.env["COLUMNS"] = kept.columns;
  }
}
