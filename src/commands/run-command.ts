import { flush, run } from "@oclif/core";
import { describeFailure } from "./failure.ts";

/** Runs a command line with oclif. Whatever goes wrong becomes one message on standard error and an exit code. */
export async function runCommand(argv: readonly string[], from: string): Promise<void> {
  try {
    await run([...argv], from);
    await flush();
  } catch (thrown) {
    const command = argv.find((word) => !word.startsWith("-")) ?? "";
    const { message, code } = describeFailure(thrown, /^[a-z]+$/.test(command) ? command : "");
    if (message !== undefined) process.stderr.write(`${message}\n`);
    process.exitCode = code;
  }
}
