import { fileURLToPath } from "node:url";
import { flush, run } from "@oclif/core";
import { describeFailure } from "./failure.ts";

/** Runs a command line with oclif. Whatever goes wrong becomes one message on standard error and an exit code. */
export async function runCommand(argv: readonly string[], from: string): Promise<void> {
  try {
    // Plugins come with the program alone: of the user's folders nothing is read.
    await run([...argv], { root: fileURLToPath(from), userPlugins: false, devPlugins: false });
    await flush();
  } catch (thrown) {
    const command = argv.find((word) => !word.startsWith("-")) ?? "";
    const { message, code } = describeFailure(thrown, /^[a-z]+$/.test(command) ? command : "");
    if (message !== undefined) process.stderr.write(`${message}\n`);
    process.exitCode = code;
  }
}
