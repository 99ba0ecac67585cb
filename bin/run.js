#!/usr/bin/env node
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(
    `nettrace: standard output cannot be written: ${error.code === "ENOSPC" ? "no space left on the device" : error.message}\n`,
  );
  process.exit(2);
});

const built = new URL("../dist/nettrace.cjs", import.meta.url);
if (existsSync(built)) {
  const { main } = createRequire(import.meta.url)(fileURLToPath(built));
  await main(process.argv.slice(2), import.meta.url);
} else {
  process.stderr.write("nettrace: it is not built yet: run npm install, or npm run build\n");
  process.exitCode = 2;
}
