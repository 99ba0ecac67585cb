import { versionLine } from "./version.ts";

/** Runs a command line; `from` is the URL of the program. All but the version is loaded only now that it is needed. */
export async function main(argv: readonly string[], from: string): Promise<void> {
  const version = argv[0] === "--version" ? versionLine(from) : undefined;
  if (version !== undefined) {
    process.stdout.write(`${version}\n`);
    return;
  }
  const { runCommand } = await import("./run-command.ts");
  await runCommand(argv, from);
}
