import { join } from "node:path";
import type { Inputs } from "../inputs/all.ts";
import { processOf, type Settings } from "../measure/process.ts";
import type { Candidate, Sample } from "../measure/sample.ts";

/** What goals are made of. */
export interface Bench {
  readonly inputs: Inputs;
  readonly settings: Settings;
  /** The project's folder. */
  readonly root: string;
}

/** Words that run nettrace. */
export function nettrace(root: string, ...args: readonly string[]): string[] {
  return [process.execPath, join(root, "bin", "run.js"), ...args];
}

/** Counts of rules, and of connections in a table. */
export const FEW = 1000;
export const SOME = 10_000;
export const MANY = 50_000;
export const MOST = 200_000;

/** A count of rules as it stands in names. */
export function named(bench: Bench, count: number): string {
  const rules = count / bench.inputs.size.part;
  return rules >= 1000 ? `${rules / 1000}k` : String(rules);
}

/** What all reading is held against. */
export function capinfos({ settings, inputs }: Bench): Candidate {
  return processOf(settings, "capinfos -c", ["capinfos", "-c", inputs.traffic("pcap")]);
}

/** Reads and decodes only. */
export function decoded(bench: Bench, format: "pcap" | "pcapng"): Candidate {
  const script = join(bench.root, "bench", "built", "decode.cjs");
  return processOf(bench.settings, `decode ${format}`, [process.execPath, script, bench.inputs.traffic(format)]);
}

/** `nettrace explain` with some capture and some rules. */
export function explained(
  bench: Bench,
  what: string,
  capture: string,
  style: "kube" | "hand",
  count: number,
  ...more: string[]
): Candidate {
  const snapshot = bench.inputs.node(style, count / bench.inputs.size.part);
  const name = [`explain ${what}, ${named(bench, count)} ${style} rules`, ...more].join(" ");
  return processOf(bench.settings, name, nettrace(bench.root, "explain", capture, "--snapshot", snapshot, ...more));
}

/** Reads the rules, and replays nothing. */
export function loaded(bench: Bench, style: "kube" | "hand", count: number): Candidate {
  return explained(bench, "no packets", bench.inputs.empty(), style, count);
}

/** What explaining takes beyond reading the rules. */
export function loop(own: Candidate, load: Candidate, sample: (name: string) => Sample): number {
  return sample(own.name).seconds - sample(load.name).seconds;
}

/** The run that most goals are about: its text. */
export function summary(bench: Bench): Candidate {
  return explained(bench, "traffic", bench.inputs.traffic("pcap"), "kube", MANY);
}

/** The same with a line for each packet. */
export function ndjson(bench: Bench): Candidate {
  return explained(bench, "traffic", bench.inputs.traffic("pcap"), "kube", MANY, "--format", "ndjson");
}

/** A flood of new connections. */
export function hostile(bench: Bench): Candidate {
  return explained(bench, "flood", bench.inputs.hostile(), "kube", MANY);
}

/** A quarter of a million connections that are open at once. */
export function open(bench: Bench): Candidate {
  return explained(bench, "open connections", bench.inputs.open(), "kube", MANY);
}
