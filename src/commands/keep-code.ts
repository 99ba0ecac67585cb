import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { CompiledModules } from "./compiled.ts";
import { tuneHeap } from "./heap.ts";

/**
 * Keeps, beside the modules of the program, the code that V8 made of them and of their functions that these command lines needed. `from` is the URL of the program,
 * whose modules must all lie in the folder dist beside its own. Throws when a command line fails.
 */
export async function keepCode(from: string, commandLines: readonly (readonly string[])[]): Promise<void> {
  tuneHeap();
  const modules = new CompiledModules(fileURLToPath(new URL("../dist", from)));
  const { runCommand } = modules.load("run-command.cjs") as typeof import("./run-command.ts");
  // What is not run for a while would be forgotten. The flag is one of those that V8 compares.
  setFlagsFromString("--no-flush-bytecode");
  for (const words of commandLines) {
    process.exitCode = 0;
    await runCommand(words, from);
    if (Number(process.exitCode) > 1) throw new Error(`nettrace ${words.join(" ")} failed with ${process.exitCode}`);
  }
  process.exitCode = 0;
  setFlagsFromString("--flush-bytecode");
  modules.keep();
}
