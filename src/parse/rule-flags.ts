/** What a flag of iptables itself says about a rule (iptables xshared.c, do_parse). */
export type RuleFlag =
  | "source"
  | "destination"
  | "protocol"
  | "in"
  | "out"
  | "fragment"
  | "counters"
  | "match"
  | "jump"
  | "goto"
  | "family4"
  | "family6"
  | "table";

/** The flags of iptables itself by their spellings. */
export const RULE_FLAGS: ReadonlyMap<string, RuleFlag> = new Map<string, RuleFlag>([
  ["-s", "source"],
  ["--source", "source"],
  ["--src", "source"],
  ["-d", "destination"],
  ["--destination", "destination"],
  ["--dst", "destination"],
  ["-p", "protocol"],
  ["--protocol", "protocol"],
  ["-i", "in"],
  ["--in-interface", "in"],
  ["-o", "out"],
  ["--out-interface", "out"],
  ["-f", "fragment"],
  ["--fragments", "fragment"],
  ["-c", "counters"],
  ["--set-counters", "counters"],
  ["-m", "match"],
  ["--match", "match"],
  ["-j", "jump"],
  ["--jump", "jump"],
  ["-g", "goto"],
  ["--goto", "goto"],
  ["-4", "family4"],
  ["--ipv4", "family4"],
  ["-6", "family6"],
  ["--ipv6", "family6"],
  ["-t", "table"],
  ["--table", "table"],
]);

/** Long flags that iptables has and that no rule can: a beginning of one of them is not another flag's (iptables.c, original_opts). */
export const OTHER_FLAGS: readonly string[] = (
  "--append --check --delete --delete-chain --exact --flush --help --insert --line-numbers --list --list-rules --modprobe --new-chain " +
  "--numeric --policy --rename-chain --replace --verbose --version --wait --wait-interval --zero"
).split(" ");

/** The flags that `!` may stand before. */
export const NEGATABLE: ReadonlySet<RuleFlag> = new Set<RuleFlag>(["source", "destination", "protocol", "in", "out", "fragment"]);
