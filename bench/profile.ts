import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** What V8 writes with `--cpu-prof`, as far as it is read here. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** Runs a program of Node's with V8's profiler, keeps what that says in a file, and gives back the functions with most time of their own. */
export function profile(words: readonly string[], file: string, functions: number): string {
  const [program = "", ...args] = words;
  const flags = ["--cpu-prof", `--cpu-prof-dir=${dirname(file)}`, `--cpu-prof-name=${basename(file)}`];
  const { status, stderr } = spawnSync(program, [...flags, ...args], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (status !== 0) throw new Error(`it ended with ${status}: ${stderr.trim().split("\n")[0]}`);
  return mostSelfTime(JSON.parse(readFileSync(file, "utf8")) as Profile, functions);
}

function mostSelfTime(profile: Profile, functions: number): string {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const own = new Map<string, number>();
  let whole = 0;
  for (const [i, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[i] ?? 0;
    const name = nameOf(frames.get(id));
    own.set(name, (own.get(name) ?? 0) + time);
    whole += time;
  }
  const most = [...own].sort(([, a], [, b]) => b - a).slice(0, functions);
  const rows = most.map(
    ([name, time]) => `${(time / 1e6).toFixed(2).padStart(8)} s ${((100 * time) / whole).toFixed(1).padStart(5)} %  ${name}`,
  );
  return `${rows.join("\n")}\n${(whole / 1e6).toFixed(2).padStart(8)} s 100.0 %  all\n`;
}

function nameOf(frame: CallFrame | undefined): string {
  if (!frame) return "?";
  const { functionName, url, lineNumber } = frame;
  const path = url.startsWith("file:") ? fileURLToPath(url).replace(/^.*\/(dist|node_modules)\//, "") : url;
  return `${functionName || "(anonymous)"}${path ? `  ${path}:${lineNumber + 1}` : ""}`;
}
