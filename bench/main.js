// npm run bench -- [--only P1,P3] [--rounds N] [--small] [--seed N] [--limit SECONDS] [--keep FOLDER] [--profile P3]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bundle } from "../bin/bundle.js";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

compile([path("../bin/build.js")]);
compile([path("../node_modules/typescript/bin/tsc"), "-p", path("../tsconfig.bench.json")]);
await bundle({ reachable: path("scripts/reachable.js") }, path("built"));
// As the program itself is.
await bundle({ decode: path("scripts/decode.js") }, path("built"), "cjs");
const { main } = await import("./built/run.js");
await main(process.argv.slice(2), path(".."));

function compile(words) {
  const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
