import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";

interface Package {
  readonly name: string;
  readonly version: string;
}

/** What oclif prints for `--version`, without loading it; undefined where it would look closer. `from` is the URL of the program. */
export function versionLine(from: string): string | undefined {
  if (process.env["DEBUG"] || isPerhapsWsl()) return undefined;
  const { name, version } = JSON.parse(readFileSync(new URL("../package.json", from), "utf8")) as Package;
  const architecture = process.arch === "ia32" ? "x86" : process.arch;
  return `${name}/${version} ${process.platform}-${architecture} node-${process.version}`;
}

function isPerhapsWsl(): boolean {
  if (process.platform !== "linux") return false;
  return /microsoft/i.test(release()) || existsSync("/run/WSL") || existsSync("/proc/sys/fs/binfmt_misc/WSLInterop");
}
