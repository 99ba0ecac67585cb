#!/usr/bin/env node
import { existsSync } from "node:fs";

process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

if (existsSync(new URL("../dist/src/commands/main.js", import.meta.url))) {
  const { main } = await import("../dist/src/commands/main.js");
  await main(process.argv.slice(2), import.meta.url);
} else {
  process.stderr.write("nettrace: it is not built yet: run npm install, or npm run build\n");
  process.exitCode = 2;
}
