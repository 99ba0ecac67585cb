import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Path of a file of a recorded scenario. */
export function recorded(scenario: string, file: string): string {
  return fileURLToPath(new URL(`../recordings/scenarios/${scenario}/${file}`, import.meta.url));
}

/** Runs the built command line as a user would. */
export function nettrace(args: readonly string[], input?: Uint8Array | string): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, COLUMNS: "100", NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/run.js", ...args], { cwd: ROOT, env, input, encoding: "utf8" });
  return { status, stdout, stderr };
}
