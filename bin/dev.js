#!/usr/bin/env node
// Builds what changed, then runs: `node bin/dev.js explain capture.pcap`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const build = fileURLToPath(new URL("build.js", import.meta.url));
const { status } = spawnSync(process.execPath, [build], { stdio: ["ignore", process.stderr, process.stderr] });
if (status === 0) await import("./run.js");
else process.exitCode = status ?? 1;
