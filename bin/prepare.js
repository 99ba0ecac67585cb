#!/usr/bin/env node
// What npm runs after it has installed a clone: builds it. `npm install --global git+…`, with which pre-commit installs hooks, hands "global"
// on to the installation within the clone, which then lacks the packages to build with; so they are installed first.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { npm_execpath: npm, ...env } = process.env;

if (npm !== undefined && !existsSync(`${ROOT}node_modules/@oclif/core`)) {
  const local = { ...env, npm_config_global: "false", npm_config_location: "project" };
  const words = [npm, "ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"];
  const { status } = spawnSync(process.execPath, words, { cwd: ROOT, env: local, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

await import("./build.js");
