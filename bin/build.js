#!/usr/bin/env node
// Compiles src and grammars to dist. The new dist replaces the old one in one move, so a run in between sees a whole one.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

const fresh = `dist.new-${process.pid}`;
const old = `dist.old-${process.pid}`;
const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", fresh], { stdio: "inherit" });
if (status === 0) {
  if (existsSync("dist")) renameSync("dist", old);
  renameSync(fresh, "dist");
  chmodSync("bin/run.js", 0o755);
}
rmSync(old, { recursive: true, force: true });
rmSync(fresh, { recursive: true, force: true });
process.exitCode = status ?? 1;
