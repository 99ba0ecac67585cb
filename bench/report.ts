import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { MEMORY_IS_MEASURED } from "./measure/process.ts";
import { type Round, spreadOf } from "./measure/rounds.ts";
import { type Line, short, spreadText } from "./measure/verdict.ts";

/** What was run and where, as Markdown. */
export interface Run {
  readonly lines: readonly Line[];
  readonly rounds: readonly Round[];
  readonly names: readonly string[];
  readonly seed: number;
  readonly small: boolean;
}

/** The report of a run: goals, then the figures that they are made of. */
export function report({ lines, rounds, names, seed, small }: Run): string {
  const goals = lines.map((line) => [line.goal, line.what, line.limit, line.measured, line.spread, line.processor, line.result]);
  const figures = names.map((name) => figure(name, rounds));
  return [
    `${machine()}, ${new Date().toISOString().slice(0, 10)}, seed ${seed}, ${rounds.length} rounds${small ? ", a tenth of the size" : ""}.`,
    "Ratios are the medians of the rounds, with the least and the most of them; files are in the page cache.",
    MEMORY_IS_MEASURED
      ? "Memory is the most that wait4 tells of a process, and processor time what it tells of that (`/usr/bin/time`)."
      : "",
    "",
    ...table(["goal", "what", "wanted", "measured", "spread", "by processor", "result"], goals),
    "",
    ...table(["run", "median", "spread", "processor", "peak MiB"], figures),
    "",
  ].join("\n");
}

function figure(name: string, rounds: readonly Round[]): string[] {
  const samples = rounds.map((round) => round.get(name)).filter((sample) => sample !== undefined);
  const failed = samples.find((sample) => sample.failed !== undefined)?.failed;
  if (failed !== undefined) return [name, failed.length > 60 ? `${failed.slice(0, 59)}…` : failed, "", "", ""];
  const times = spreadOf(samples.map((sample) => sample.seconds));
  const peaks = samples.map((sample) => sample.peak).filter((peak) => peak !== undefined);
  const cpus = samples.map((sample) => sample.cpu).filter((cpu) => cpu !== undefined);
  const cpu = cpus.length > 0 ? `${short(spreadOf(cpus).median)} s` : "";
  const over = samples.some((sample) => sample.over) ? "> " : "";
  const small = times.median < 0.001;
  const median = small ? `${short(times.median * 1e6)} µs` : `${short(times.median)} s`;
  const scaled = small ? { median: 0, least: times.least * 1e6, most: times.most * 1e6 } : times;
  return [name, over + median, spreadText(scaled), cpu, peaks.length > 0 ? short(spreadOf(peaks).median) : ""];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} × ${processors[0]?.model.trim()}, ${memory} GiB, Linux ${release()}, Node ${process.versions.node}${commit()}`;
}

function commit(): string {
  try {
    return `, commit ${execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()}`;
  } catch {
    return "";
  }
}
