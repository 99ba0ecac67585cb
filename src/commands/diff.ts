import { Args, Command, Flags } from "@oclif/core";
import type { Difference } from "../search/diff.ts";
import type { Machine } from "../search/machine.ts";
import { EXIT, refuse, UsageFailure } from "./failure.ts";
import { answerFlags } from "./flags.ts";
import { Output, terminalStyle } from "./output.ts";

const EXPECTED = "iptables-save or ip6tables-save output, or a snapshot; may be compressed, - is standard input";

/** `nettrace diff`: which traffic two rulesets treat differently. */
export default class Diff extends Command {
  static override summary =
    "Which traffic two rulesets treat differently, each class with a packet that shows it; or the proof that there is none.";
  static override description =
    "Ends with 0 when there is no difference, with 1 when there is one, with 3 when that was not found out everywhere. See docs/diff.md for what is compared.";
  static override examples = [
    "<%= config.bin %> diff old.rules new.rules",
    "iptables-save | <%= config.bin %> diff - new.rules --format json",
    "<%= config.bin %> diff before.tar.gz after.tar.gz",
  ];
  static override args = {
    old: Args.string({ description: EXPECTED, required: true, ignoreStdin: true }),
    new: Args.string({ description: EXPECTED, required: true, ignoreStdin: true }),
  };
  static override flags = {
    ipv6: Flags.boolean({ summary: "both are ip6tables rulesets, where that is not seen from their content" }),
    ...answerFlags,
  };

  /** Reads both, compares and prints. */
  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    if (args.old === "-" && args.new === "-") throw new UsageFailure("standard input (-) can be read only once");
    const started = performance.now();
    const [before, after] = [await machinesOf(args.old, flags.ipv6), await machinesOf(args.new, flags.ipv6)];
    const found = await compare(before, after);
    const output = new Output();
    const { diffJson, diffTable } = await import("../render/diff.ts");
    const seconds = (performance.now() - started) / 1000;
    const pieces = flags.format === "json" ? [diffJson(found)] : diffTable(found, terminalStyle(flags.ascii), seconds);
    for (const piece of pieces) await output.write(piece);
    await output.flush();
    process.exitCode = found.classes.length > 0 ? EXIT.negative : found.open.length > 0 ? EXIT.partly : EXIT.done;
  }
}

/** The rulesets of an input, each on its machine. */
async function machinesOf(path: string, six: boolean): Promise<readonly Machine[]> {
  const { readLintInputs } = await import("./lint-input.ts");
  const { overrideHost } = await import("../parse/host.ts");
  const { machineOfWords } = await import("../probe/machine.ts");
  const { inputs, host } = await readLintInputs(six ? [] : [path], six ? path : undefined, undefined);
  return inputs.map(({ rules }) => {
    refuse(rules.problems);
    const { ruleset, netns = "host" } = rules;
    const given = ruleset.family === 4 ? { ruleset4: ruleset } : { ruleset6: ruleset };
    const known = overrideHost(host ?? { namespaces: new Map() }, { addressesKnown: false, ...given }, netns);
    const words = host
      ? ["--snapshot", path, ...(netns === "host" ? [] : ["--netns", netns])]
      : [ruleset.family === 4 ? "--rules" : "--rules6", path];
    return { ruleset, ...machineOfWords(known, netns, words, ruleset.family) };
  });
}

async function compare(before: readonly Machine[], after: readonly Machine[]): Promise<Difference> {
  const { difference } = await import("../search/diff.ts");
  const keyOf = ({ netns, ruleset }: Machine) => `${ruleset.family === 4 ? "IPv4" : "IPv6"} rules of netns ${netns}`;
  const others = new Map(after.map((machine) => [keyOf(machine), machine]));
  const found: Difference[] = [];
  const open: string[] = [];
  for (const machine of before) {
    const other = others.get(keyOf(machine));
    others.delete(keyOf(machine));
    if (other) found.push(difference(machine, other));
    else open.push(`${keyOf(machine)}: only the old input has them`);
  }
  for (const key of others.keys()) open.push(`${key}: only the new input has them`);
  if (found.length === 0) throw new UsageFailure(`there is nothing that both have: ${open.join("; ")}`);
  const all = <T>(of: (one: Difference) => readonly T[]): T[] => [...new Set(found.flatMap(of))];
  return {
    classes: all(({ classes }) => classes),
    open: [...open, ...all((one) => one.open)],
    isCut: found.some(({ isCut }) => isCut),
    compared: all(({ compared }) => compared),
    alike: all(({ alike }) => alike),
    assumptions: all(({ assumptions }) => assumptions),
  };
}
