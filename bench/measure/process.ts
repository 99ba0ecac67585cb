import { spawn } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Candidate, Sample } from "./sample.ts";

/** GNU time, which asks wait4 for the resources of its child. */
const TIME = "/usr/bin/time";

/** Whether a program is installed. */
export function installed(program: string): boolean {
  if (program.includes("/")) return existsSync(program);
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether the peak memory of processes can be told. */
export const MEMORY_IS_MEASURED = installed(TIME);

export interface Settings {
  /** Folder for what the processes say. */
  readonly folder: string;
  /** Seconds after which a process is ended. */
  readonly limit: number;
}

/** A process with its words; `program` is what must be installed for it, when that is not the first of them. `fine` are the statuses that it may end with. */
export function processOf(
  settings: Settings,
  name: string,
  words: readonly string[],
  program = words[0] ?? "",
  fine: readonly number[] = [0],
): Candidate {
  return {
    name,
    run: async () =>
      installed(program) ? runProcess(settings, words, fine) : { seconds: Number.NaN, failed: `${program} is not installed` },
  };
}

/** Runs a process to its end. What it prints is thrown away. */
async function runProcess(settings: Settings, words: readonly string[], fine: readonly number[]): Promise<Sample> {
  const resources = join(settings.folder, "resources");
  const errors = join(settings.folder, "errors");
  const [program, ...args] = MEMORY_IS_MEASURED ? [TIME, "-q", "-f", "%M %U %S", "-o", resources, "--", ...words] : words;
  const said = openSync(errors, "w");
  const begin = process.hrtime.bigint();
  // A group of its own, so that ending it ends what it has started.
  const child = spawn(program ?? "", args, { stdio: ["ignore", "ignore", said], detached: true, env: { ...process.env, NO_COLOR: "1" } });
  let over = false;
  const clock = setTimeout(() => {
    over = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, settings.limit * 1000);
  const status = await new Promise<number | null>((done, fail) => child.on("error", fail).on("close", done));
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  clearTimeout(clock);
  closeSync(said);
  if (over) return { seconds: settings.limit, over };
  if (status === null || !fine.includes(status)) return { seconds, failed: firstLine(errors) || `ended with ${status}` };
  if (!MEMORY_IS_MEASURED) return { seconds };
  const told = readFileSync(resources, "utf8").trim().split("\n").at(-1) ?? "";
  const [kibibytes = 0, user = 0, system = 0] = told.split(" ").map(Number);
  return { seconds, peak: kibibytes / 1024, cpu: user + system };
}

function firstLine(file: string): string {
  return readFileSync(file, "utf8").trim().split("\n")[0] ?? "";
}
