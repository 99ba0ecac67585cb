import { fileURLToPath } from "node:url";
import { type Modules, modulesIn } from "./compiled.ts";
import { tuneHeap } from "./heap.ts";
import { versionLine } from "./version.ts";

let modules: Modules | undefined;

/** Runs a command line; `from` is the URL of the program. All but the version is loaded only now that it is needed. */
export async function main(argv: readonly string[], from: string): Promise<void> {
  const version = argv[0] === "--version" ? versionLine(from) : undefined;
  if (version !== undefined) {
    process.stdout.write(`${version}\n`);
    return;
  }
  // Before anything is loaded: V8 takes no code that it made under other flags.
  tuneHeap();
  modules ??= modulesIn(fileURLToPath(new URL("../dist", from)));
  const { runCommand } = modules.load("run-command.cjs") as typeof import("./run-command.ts");
  await runCommand(argv, from);
}
