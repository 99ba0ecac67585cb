#!/usr/bin/env node
import { existsSync } from "node:fs";
import module from "node:module";

process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(
    `nettrace: standard output cannot be written: ${error.code === "ENOSPC" ? "no space left on the device" : error.message}\n`,
  );
  process.exit(2);
});

// Node 22.8 and newer keep compiled code from one run to the next.
module.enableCompileCache?.();

if (existsSync(new URL("../dist/nettrace.js", import.meta.url))) {
  const { main } = await import("../dist/nettrace.js");
  await main(process.argv.slice(2), import.meta.url);
} else {
  process.stderr.write("nettrace: it is not built yet: run npm install, or npm run build\n");
  process.exitCode = 2;
}
