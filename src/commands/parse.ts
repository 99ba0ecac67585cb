import { Args, Command, Flags } from "@oclif/core";
import { detectKind } from "../parse/detect.ts";
import { refuse, UsageFailure } from "./failure.ts";
import { readText } from "./input.ts";
import { Output } from "./output.ts";
import { INPUT_TYPES } from "./parse-types.ts";

const TYPES = [...INPUT_TYPES.keys()];

/** `nettrace parse`: any supported text input as JSON, or in its own format again. */
export default class Parse extends Command {
  static override summary = "Read rules, routes, links, sets and other inputs, and print them as JSON or in their canonical form.";
  static override examples = [
    "iptables-save | <%= config.bin %> parse - --format save",
    "<%= config.bin %> parse ip-route.txt",
    "<%= config.bin %> parse --type ip6tables-save rules.v6 --format json",
  ];
  static override args = {
    file: Args.string({ description: "text file, may be gzip- or zstd-compressed; - is standard input", required: true }),
  };
  static override flags = {
    type: Flags.string({ summary: "what the file is; the content decides if not given", options: TYPES }),
    format: Flags.string({
      summary: "json, or save: as iptables-save or ipset save itself prints it",
      options: ["json", "save"],
      default: "json",
    }),
  };

  /** Reads, refuses what is wrong, prints. */
  async run(): Promise<void> {
    const { args, flags } = await this.parse(Parse);
    const given = flags.type === undefined ? undefined : INPUT_TYPES.get(flags.type);
    const { name, text } = await readText(args.file, given?.expected ?? "the output of a command like iptables-save or ip route");
    const kind = flags.type ?? detectKind(text);
    const type = INPUT_TYPES.get(kind ?? "");
    if (!type) throw new UsageFailure(unknownText(name));
    const { value, problems } = type.read(text, name);
    refuse(problems);
    const output = new Output();
    if (flags.format === "json") await output.write(`${JSON.stringify(value.json(), null, 2)}\n`);
    else if (!value.save)
      throw new UsageFailure(`--format save is for iptables-save and ipset save output, and ${name} is ${type.expected}`);
    else for (const line of value.save()) await output.write(`${line}\n`);
    await output.flush();
  }
}

function unknownText(name: string): string {
  return `it is not clear what ${name} is: say it with --type (${TYPES.join(", ")})`;
}
