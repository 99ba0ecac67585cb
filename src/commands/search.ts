import { Command, Flags } from "@oclif/core";
import { ROWS } from "../explain/collect.ts";
import type { Family } from "../model/address.ts";
import { type Hook, TABLE_HOOKS, type TableName } from "../model/rule.ts";
import type { Machine } from "../search/machine.ts";
import type { Answer, Goal, Question } from "../search/search.ts";
import { EXIT, UsageFailure } from "./failure.ts";
import { answerFlags, type HostFlags, hostFlags } from "./flags.ts";
import { Output, terminalStyle } from "./output.ts";
import { tableSink } from "./sinks.ts";
import { readWish, type WishFlags, wishedFamily } from "./wish.ts";

const VERDICTS = ["accept", "drop", "reject", "queue", "translate"] as const;
const HOOKS = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] as const;

/** `nettrace search`: a packet that does something, or the proof that there is none. */
export default class Search extends Command {
  static override summary = "A packet that matches a rule or gets a verdict, or the proof that there is none.";
  static override description =
    "All packets are looked at, as sets; what is found is replayed before it is told. Ends with 0 when there is one, with 1 when there is none, with 3 when that was not found out. See docs/search.md.";
  static override examples = [
    "<%= config.bin %> search --reaches filter/FORWARD:12 --rules rules.txt",
    "<%= config.bin %> search --verdict accept --hook INPUT --dport 22 --in eth0 --snapshot host/",
  ];
  static override flags = {
    reaches: Flags.string({
      summary: "a rule by its number in its chain, or a chain",
      helpValue: "TABLE/CHAIN[:N]",
      exclusive: ["verdict"],
    }),
    verdict: Flags.option({ options: VERDICTS, summary: "what a table decides" })(),
    table: Flags.option({
      options: ["raw", "mangle", "nat", "filter", "security"] as const,
      summary: "the table of --verdict; filter if not given, nat for translate",
    })(),
    hook: Flags.option({ options: HOOKS, summary: "only packets of this hook" })(),
    src: Flags.string({ summary: "source address or network", helpValue: "NETWORK", helpGroup: "PACKET" }),
    dst: Flags.string({ summary: "destination address or network", helpValue: "NETWORK", helpGroup: "PACKET" }),
    protocol: Flags.string({
      aliases: ["proto"],
      summary: "tcp, udp, icmp, another name or a number",
      helpValue: "NAME",
      helpGroup: "PACKET",
    }),
    sport: Flags.string({ summary: "source ports: 53, 80,1024:65535", helpValue: "PORTS", helpGroup: "PACKET" }),
    dport: Flags.string({ summary: "destination ports, likewise", helpValue: "PORTS", helpGroup: "PACKET" }),
    in: Flags.string({ summary: "device that it came in on; eth+ is any that begins so", helpValue: "DEV", helpGroup: "PACKET" }),
    out: Flags.string({ summary: "device that it leaves by, likewise", helpValue: "DEV", helpGroup: "PACKET" }),
    state: Flags.string({ summary: "NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED", helpValue: "STATES", helpGroup: "PACKET" }),
    "icmp-type": Flags.string({ summary: "ICMP type by name or number, with a code: 3/4", helpValue: "TYPE", helpGroup: "PACKET" }),
    mark: Flags.string({ summary: "mark when it comes to the table", helpValue: "N", helpGroup: "PACKET" }),
    family: Flags.option({ options: ["4", "6"] as const, summary: "only IPv4 or IPv6", helpGroup: "PACKET" })(),
    ...hostFlags,
    ...answerFlags,
  };

  /** Reads, searches and prints. */
  async run(): Promise<void> {
    const { flags } = await this.parse(Search);
    const asked = readGoal(flags);
    const hooks = hooksOf(asked.table, flags.hook);
    const { loadHost } = await import("./load-host.ts");
    const { host, netns } = await loadHost(flags, []);
    const namespace = host.namespaces.get(netns);
    const family = flags.family === undefined ? wishedFamily(flags) : (Number(flags.family) as Family);
    const rulesets = [namespace?.ruleset4, namespace?.ruleset6].filter((one) => one !== undefined && (family ?? one.family) === one.family);
    const { search } = await import("../search/search.ts");
    const { machineOfWords } = await import("../probe/machine.ts");
    let told: { answer: Answer; question: Question } | undefined;
    for (const ruleset of rulesets) {
      if (!ruleset) continue;
      const machine: Machine = { ruleset, ...machineOfWords(host, netns, wordsOf(flags), ruleset.family) };
      const goal = checked(asked.goal, machine, asked.table);
      if (goal === undefined) continue;
      const question: Question = { table: asked.table, hooks, goal, wish: readWish(flags as WishFlags, ruleset.family) };
      const answer = search(machine, question);
      // One that was found is told rather than what was not, and what was not found out rather than a proof for the other family.
      if (!told || answer.kind === "found" || (answer.kind === "unknown" && told.answer.kind === "none")) told = { answer, question };
      if (answer.kind === "found") break;
    }
    if (!told)
      throw new UsageFailure(
        `there are no ${family === undefined ? "" : `IPv${family} `}rules ${flags.reaches ? `with ${flags.reaches}` : "to search in"}`,
      );
    await print(told, flags);
    process.exitCode = { found: EXIT.done, none: EXIT.negative, unknown: EXIT.partly }[told.answer.kind];
  }
}

interface Asked {
  readonly reaches?: string | undefined;
  readonly verdict?: (typeof VERDICTS)[number] | undefined;
  readonly table?: TableName | undefined;
}

function readGoal({ reaches, verdict, table }: Asked): { readonly table: TableName; readonly goal: Goal } {
  if (verdict !== undefined) return { table: table ?? (verdict === "translate" ? "nat" : "filter"), goal: { kind: "verdict", verdict } };
  if (reaches === undefined) throw new UsageFailure("say what to search for: --reaches TABLE/CHAIN:N or --verdict accept");
  const match = /^(raw|mangle|nat|filter|security)\/([^:]+)(?::(\d+))?$/.exec(reaches);
  const [, name, chain, number] = match ?? [];
  if (name === undefined || chain === undefined)
    throw new UsageFailure(`--reaches expects TABLE/CHAIN:N or TABLE/CHAIN like filter/FORWARD:12, found "${reaches}"`);
  if (table !== undefined && table !== name) throw new UsageFailure(`--table ${table} and --reaches ${reaches} contradict each other`);
  return {
    table: name as TableName,
    goal: number === undefined ? { kind: "chain", chain } : { kind: "rule", chain, number: Number(number) },
  };
}

function hooksOf(table: TableName, hook: Hook | undefined): readonly Hook[] {
  const all = TABLE_HOOKS[table];
  if (hook !== undefined && !all.includes(hook)) throw new UsageFailure(`--hook ${hook}: table ${table} has only ${all.join(", ")}`);
  return hook === undefined ? all : [hook];
}

/** The goal, where a ruleset has its chain. */
function checked(goal: Goal, { ruleset }: Machine, table: TableName): Goal | undefined {
  if (goal.kind === "verdict") return goal;
  const chain = ruleset.tables.get(table)?.chains.get(goal.chain);
  if (!chain) return undefined;
  if (goal.kind === "rule" && (goal.number < 1 || goal.number > chain.rules.length))
    throw new UsageFailure(`${table} ${goal.chain} has ${chain.rules.length} rules, there is no ${goal.number}`);
  return goal;
}

/** The words by which `nettrace packet` has the same machine. */
function wordsOf({ snapshot, rules, rules6, routes = [], links = [], netns }: HostFlags): readonly string[] {
  const one = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value]);
  const many = [...routes.flatMap((path) => one("--routes", path)), ...links.flatMap((path) => one("--links", path))];
  return [...one("--snapshot", snapshot), ...one("--rules", rules), ...one("--rules6", rules6), ...many, ...one("--netns", netns)];
}

async function print(
  { answer, question }: { answer: Answer; question: Question },
  flags: { format: string; ascii: boolean },
): Promise<void> {
  const { searchJson, searchText } = await import("../render/search.ts");
  const output = new Output();
  if (flags.format === "json") await output.write(searchJson(answer, question));
  else {
    const style = terminalStyle(flags.ascii);
    for (const piece of searchText(answer, question, style)) await output.write(piece);
    if (answer.kind === "found") {
      const { host, trace } = answer.replayed;
      const summary = { all: true, allSteps: false, tables: true, sort: "time", filtered: false, headline: false } as const;
      const sink = tableSink(output, host, { ...summary, style, keep: 10, rows: ROWS });
      await sink.take(trace, () => "");
      await sink.end(1);
    }
  }
  await output.flush();
}
