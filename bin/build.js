#!/usr/bin/env node
// Bundles src and grammars to dist, with the code that V8 makes of it. The new dist replaces the old one in one move, so a run in between sees a whole one.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Plugin } from "@oclif/core";
import { bundle } from "./bundle.js";
import { thirdParty } from "./third-party.js";

const COMMANDS = ["diff", "explain", "lint", "packet", "packets", "parse", "search", "test"];

/** What is started by name: the program, its worker threads, and what oclif loads out of package.json and its manifest. */
const ENTRIES = {
  nettrace: "src/commands/main.ts",
  "run-command": "src/commands/run-command.ts",
  "keep-code": "src/commands/keep-code.ts",
  help: "src/commands/help.ts",
  worker: "src/commands/worker.ts",
  ...Object.fromEntries(COMMANDS.map((name) => [`commands/${name}`, `src/commands/${name}.ts`])),
};

const MANIFEST = "oclif.manifest.json";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const fresh = `dist.new-${process.pid}`;
const old = `dist.old-${process.pid}`;
try {
  const sources = await bundle(ENTRIES, fresh, "cjs");
  writeFileSync(join(fresh, "THIRD-PARTY.txt"), thirdParty(sources));
  const manifest = await describeCommands(fresh);
  if (existsSync("dist")) renameSync("dist", old);
  renameSync(fresh, "dist");
  writeFileSync(`${MANIFEST}.${process.pid}`, manifest);
  renameSync(`${MANIFEST}.${process.pid}`, MANIFEST);
  chmodSync("bin/run.js", 0o755);
  const { status } = spawnSync(process.execPath, ["bin/keep-code.js"], { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) process.exitCode = 1;
} finally {
  rmSync(old, { recursive: true, force: true });
  rmSync(fresh, { recursive: true, force: true });
}

/** oclif's manifest: what the commands are called and take, so that only the one that is run is loaded. */
async function describeCommands(folder) {
  const pjson = JSON.parse(readFileSync("package.json", "utf8"));
  pjson.oclif.commands = { ...pjson.oclif.commands, target: `./${folder}/commands` };
  const options = {
    isRoot: true,
    root: process.cwd(),
    pjson,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  };
  const plugin = new Plugin(options);
  await plugin.load();
  for (const command of Object.values(plugin.manifest.commands)) command.relativePath.splice(0, 1, "dist");
  return `${JSON.stringify(plugin.manifest)}\n`;
}
