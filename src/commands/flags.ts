import { Flags } from "@oclif/core";

/** What is known of the machine: a snapshot with everything, or single files. */
export const hostFlags = {
  snapshot: Flags.string({
    summary: "a snapshot of the machine: a folder, or a .tar or .tar.gz of one",
    helpValue: "DIR|ARCHIVE",
    helpGroup: "MACHINE",
    exclusive: ["rules", "rules6", "routes", "links"],
  }),
  rules: Flags.string({ summary: "iptables-save output", helpValue: "FILE", helpGroup: "MACHINE" }),
  rules6: Flags.string({ summary: "ip6tables-save output", helpValue: "FILE", helpGroup: "MACHINE" }),
  routes: Flags.string({
    summary: "ip route output (show table all is best)",
    helpValue: "FILE",
    helpGroup: "MACHINE",
    multiple: true,
    multipleNonGreedy: true,
  }),
  links: Flags.string({
    summary: "ip -j -d link or ip -j addr output, or their text",
    helpValue: "FILE",
    helpGroup: "MACHINE",
    multiple: true,
    multipleNonGreedy: true,
  }),
  netns: Flags.string({ summary: "network namespace that this is about, host if not given", helpValue: "NAME", helpGroup: "MACHINE" }),
};

/** What no input shows, for the commands that replay. */
export const assumeFlag = Flags.string({
  summary: "take something about the machine for true that no input shows: owner.uid=1000, cpu=0, ipsec=no …",
  helpValue: "KEY=VALUE",
  helpGroup: "MACHINE",
  multiple: true,
  multipleNonGreedy: true,
});

const formatFlag = (...options: readonly string[]) =>
  Flags.string({ summary: "output format", options: [...options], default: "table", helpGroup: "OUTPUT" });

/** The format of a command that also writes Parquet, and the file for it. */
export const fileFlags = {
  format: formatFlag("table", "json", "ndjson", "parquet"),
  output: Flags.string({
    char: "o",
    summary: "file for --format parquet; the steps go to another beside it: out.parquet, out.steps.parquet",
    helpValue: "FILE",
    helpGroup: "OUTPUT",
  }),
};

const ascii = Flags.boolean({ summary: "only ASCII characters", helpGroup: "OUTPUT" });

/** How the output looks of what does not replay a capture. */
export const answerFlags = { format: formatFlag("table", "json"), ascii };

/** How the output looks. */
export const outputFlags = {
  format: formatFlag("table", "json", "ndjson"),
  ascii,
  verbose: Flags.boolean({ summary: "full rule texts, every rule that was tried", helpGroup: "OUTPUT" }),
};

/** The part of the flags that says what the machine is. */
export interface HostFlags {
  readonly snapshot?: string | undefined;
  readonly rules?: string | undefined;
  readonly rules6?: string | undefined;
  readonly routes?: readonly string[] | undefined;
  readonly links?: readonly string[] | undefined;
  readonly netns?: string | undefined;
}
