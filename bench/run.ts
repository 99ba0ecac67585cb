import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { GOALS } from "./goals/all.ts";
import { type Bench, MANY, nettrace } from "./goals/runs.ts";
import { Inputs, sizeOf } from "./inputs/all.ts";
import { runRounds } from "./measure/rounds.ts";
import { judge } from "./measure/verdict.ts";
import { profile } from "./profile.ts";
import { report } from "./report.ts";

const ROUNDS = 5;
const SEED = 1;
const LIMIT = 300;
const FUNCTIONS = 20;

/** What can be profiled, and with which capture. */
const PROFILED: Readonly<Record<string, (inputs: Inputs) => string>> = {
  P2: (inputs) => inputs.empty(),
  P3: (inputs) => inputs.traffic("pcap"),
  P4: (inputs) => inputs.hostile(),
};

/** Measures what is asked for; `root` is the project's folder. */
export async function main(words: readonly string[], root: string): Promise<void> {
  const values = valuesOf(words);
  const seed = numberOf("--seed", values.seed, SEED);
  const kept = values.keep !== undefined;
  const folder =
    values.keep === undefined
      ? mkdtempSync(join(tmpdir(), "nettrace-bench-"))
      : resolve(values.keep, `${values.small ? "small" : "full"}-${seed}`);
  mkdirSync(folder, { recursive: true });
  const clean = () => {
    if (!kept) rmSync(folder, { recursive: true, force: true });
  };
  process.once("SIGINT", () => {
    clean();
    process.exit(130);
  });
  const inputs = new Inputs(folder, seed, sizeOf(values.small), tell);
  const bench: Bench = { inputs, settings: { folder, limit: numberOf("--limit", values.limit, LIMIT) }, root };
  try {
    if (values.profile !== undefined) profiled(bench, values.profile, numberOf("--top", values.top, FUNCTIONS));
    else await measured(bench, values.only, numberOf("--rounds", values.rounds, ROUNDS), { seed, small: values.small });
  } finally {
    clean();
  }
}

function valuesOf(words: readonly string[]) {
  const text = { type: "string" } as const;
  const small = { type: "boolean", default: false } as const;
  const options = { only: text, rounds: text, seed: text, limit: text, keep: text, profile: text, top: text, small };
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (error) {
    return fail(
      `${(error as Error).message.split(". ")[0]}; there are ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(", ")}`,
    );
  }
}

async function measured(bench: Bench, only: string | undefined, count: number, about: { seed: number; small: boolean }): Promise<void> {
  const goals = (only?.split(",") ?? [...GOALS.keys()]).map((name) => {
    const make = GOALS.get(name) ?? fail(`--only ${name}: there is no such goal, there are ${[...GOALS.keys()].join(", ")}`);
    return make(bench);
  });
  // Goals have runs in common: each is made once in a round.
  const candidates = new Map(goals.flatMap((goal) => goal.candidates.map((candidate) => [candidate.name, candidate])));
  const rounds = await runRounds([...candidates.values()], count, tell);
  const lines = goals.flatMap((goal) => judge(goal, rounds));
  const found = report({ lines, rounds, names: [...candidates.keys()], ...about });
  process.stdout.write(found);
  if (only !== undefined || about.small) return;
  writeFileSync(join(bench.root, "bench", "results.md"), `# What \`npm run bench\` measured last\n\n${found}`);
}

function profiled(bench: Bench, goal: string, functions: number): void {
  const capture = PROFILED[goal] ?? fail(`--profile ${goal}: these can be profiled: ${Object.keys(PROFILED).join(", ")}`);
  const snapshot = bench.inputs.node("kube", MANY / bench.inputs.size.part);
  const words = nettrace(bench.root, "explain", capture(bench.inputs), "--snapshot", snapshot);
  const file = join(bench.root, "bench", `${goal}.cpuprofile`);
  tell(`profiling ${goal}`);
  process.stdout.write(profile(words, file, functions));
  process.stdout.write(`The profile is ${file}\n`);
}

function numberOf(flag: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  return /^[1-9][0-9]{0,5}$/.test(given) ? Number(given) : fail(`${flag} is a number of up to six digits, found "${given}"`);
}

function tell(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

function fail(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}
