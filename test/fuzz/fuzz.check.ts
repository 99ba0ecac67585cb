import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Fuzz } from "./fuzz.ts";
import { settings } from "./settings.ts";

const { seed, seconds, wanted, input, keep, report } = settings();

it(`no input breaks a parser, seed ${seed}`, async () => {
  const fuzz = await Fuzz.start({ seed, wanted, until: Date.now() + seconds * 1000 });
  if (input === undefined) await fuzz.run();
  else await fuzz.read(readFileSync(input));
  const failures = fuzz.failures.map(({ target, message, smallest }, index) => {
    mkdirSync(keep, { recursive: true });
    const file = `${keep}/${target}-${seed}-${index}`;
    writeFileSync(file, smallest);
    return `${target}: ${message}\n  smallest input in ${file}; again: npm run fuzz -- --only ${target} --input ${file} (or --seed ${seed} --only ${target})`;
  });
  if (report !== undefined) writeFileSync(report, JSON.stringify({ failures, runs: Object.fromEntries(fuzz.runs) }));
  expect(failures).toEqual([]);
});
