import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseBaseline } from "../lint/baseline.ts";
import { CONFIG_NAMES, DEFAULT_CONFIG, type LintConfig, parseLintConfig } from "../lint/config.ts";
import { RULES } from "../lint/index.ts";
import { InputFailure, refuse } from "./failure.ts";
import { readText, reasonOf } from "./input.ts";

/** A configuration, and the file that it came from. */
export interface FoundConfig {
  readonly config: LintConfig;
  readonly file?: string;
}

/** The configuration that is named, or the nearest one: beside the first input, or in a folder above it. */
export async function findConfig(named: string | undefined, input: string): Promise<FoundConfig> {
  if (named !== undefined) return readConfig(named, (await readText(named, "a configuration in YAML")).text);
  const start = resolve(input === "-" ? "." : dirname(resolve(input)));
  for (let folder = start; ; folder = dirname(folder)) {
    for (const name of CONFIG_NAMES) {
      const file = join(folder, name);
      const text = await readIfThere(file);
      if (text !== undefined) return readConfig(file, text);
    }
    if (dirname(folder) === folder) return { config: DEFAULT_CONFIG };
  }
}

function readConfig(file: string, text: string): FoundConfig {
  const { value: config, problems } = parseLintConfig(text, file, new Set(RULES.flatMap(({ id, name }) => [id, name])));
  refuse(problems);
  return { config, file };
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "EACCES") return undefined;
    throw new InputFailure([{ file, message: reasonOf(error) }]);
  });
}

/** The fingerprints of a baseline: of the flag, or of the configuration, whose folder it is sought from. */
export async function readBaseline(flag: string | undefined, { config, file }: FoundConfig): Promise<ReadonlySet<string>> {
  const own = config.baseline !== undefined && file !== undefined ? resolve(dirname(file), config.baseline) : undefined;
  const path = flag ?? own;
  if (path === undefined) return new Set();
  const { name, text } = await readText(path, "a baseline that --write-baseline wrote");
  const { value, problems } = parseBaseline(text, name);
  refuse(problems);
  return value;
}
