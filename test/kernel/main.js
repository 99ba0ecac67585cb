// npm run test:kernel -- [--seed N] [--cases N] [--backend legacy|nft] [--family 4|6] [--jobs N] [--keep FOLDER] [--findings N]
// With --findings it is the linter that is held against the kernel: so many of its findings about drawn rulesets.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

const number = { type: "string" };
const { values } = parseArgs({
  options: {
    seed: number,
    cases: number,
    backend: { type: "string", default: "legacy" },
    family: { type: "string", default: "4" },
    jobs: number,
    keep: { type: "string" },
    findings: number,
  },
});
for (const name of ["seed", "cases", "jobs", "findings"]) {
  if (values[name] !== undefined && !/^[0-9]{1,6}$/.test(values[name]))
    fail(`--${name} is a number of up to six digits, found "${values[name]}"`);
}
if (!["legacy", "nft"].includes(values.backend)) fail(`--backend is legacy or nft, found "${values.backend}"`);
if (!["4", "6"].includes(values.family)) fail(`--family is 4 or 6, found "${values.family}"`);

const seed = values.seed ?? String(randomInt(1, 100_000));
const what = values.findings ? `--findings ${values.findings}` : `--cases ${values.cases ?? 100}`;
process.stdout.write(`live kernel: --seed ${seed} ${what} --backend ${values.backend} --family ${values.family}\n`);
const env = {
  ...process.env,
  KERNEL_SEED: seed,
  KERNEL_BACKEND: values.backend,
  KERNEL_FAMILY: values.family,
  ...(values.cases && { KERNEL_CASES: values.cases }),
  ...(values.findings && { KERNEL_FINDINGS: values.findings }),
  ...(values.jobs && { KERNEL_JOBS: values.jobs }),
  ...(values.keep && { KERNEL_KEEP: values.keep }),
};
const vitest = new URL("../../node_modules/vitest/vitest.mjs", import.meta.url).pathname;
const { status } = spawnSync(process.execPath, [vitest, "run", "--config", "test/kernel/vitest.config.ts"], { env, stdio: "inherit" });
process.exit(status ?? 1);

function fail(message) {
  process.stderr.write(`test:kernel: ${message}\n`);
  process.exit(2);
}
