import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type Failure, Fuzz } from "./fuzz.ts";
import { settings } from "./settings.ts";

const { seed, seconds, wanted, input, keep, report } = settings();

it(`no input breaks a parser, seed ${seed}`, async () => {
  const told: string[] = [];
  // Told round by round, so that a process that dies has said what it found before.
  const tell = (failures: readonly Failure[], runs: ReadonlyMap<string, number>) => {
    for (const [index, failure] of failures.entries()) told[index] ??= kept(failure, index);
    if (report !== undefined) writeFileSync(report, JSON.stringify({ failures: told, runs: Object.fromEntries(runs) }));
  };
  const fuzz = await Fuzz.start({ seed, wanted, until: Date.now() + seconds * 1000, tell });
  if (input === undefined) await fuzz.run();
  else await fuzz.read(readFileSync(input));
  tell(fuzz.failures, fuzz.runs);
  if (report !== undefined) writeFileSync(`${report}.done`, "");
  expect(told.length, "number of failures, told below").toBe(0);
});

/** Keeps the input of a failure, and says where and how to ask again. */
function kept({ target, message, smallest }: Failure, index: number): string {
  mkdirSync(keep, { recursive: true });
  const file = `${keep}/${target}-${seed}-${index}`;
  writeFileSync(file, smallest);
  return `${target}: ${message}\n  smallest input in ${file}; again: npm run fuzz -- --only ${target} --input ${file} (or --seed ${seed} --only ${target})`;
}
