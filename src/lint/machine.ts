import type { Host, Namespace } from "../model/host.ts";
import { buildHost } from "../parse/host.ts";
import { type Machine as AnyMachine, machineOfWords } from "../probe/machine.ts";
import type { LintContext } from "./context.ts";
import type { LintedRules } from "./linted-rules.ts";

const NETNS = "host";

/** What packets are sent through: a namespace of the snapshot, or a host of which nothing is known but the ruleset and some facts. */
export interface Machine extends AnyMachine {
  readonly rules: LintedRules;
  /** Where a snapshot was given. */
  readonly namespace?: Namespace;
}

const machines = new WeakMap<LintedRules, Machine>();

/** The machine of a ruleset; undefined where the ruleset has a fault, so that nothing can be said of packets. */
export function machineOf(context: LintContext, rules: LintedRules): Machine | undefined {
  if (rules.problems.length > 0 || (context.host && isFaulty(context.rulesets))) return undefined;
  const machine = machines.get(rules) ?? anyMachineOf(context, rules);
  machines.set(rules, machine);
  return machine;
}

/** The same of a ruleset whatever faults there are. */
export function anyMachineOf({ host }: LintContext, rules: LintedRules): Machine {
  const { netns, ruleset, file } = rules;
  const namespace = netns === undefined ? undefined : host?.namespaces.get(netns);
  if (host && namespace) return ofSnapshot(host, namespace, rules);
  const alone = buildHost({ addressesKnown: false, ...rulesetOf(rules) }, NETNS);
  return { rules, ...machineOfWords(alone, NETNS, [ruleset.family === 4 ? "--rules" : "--rules6", file], ruleset.family) };
}

/** A ruleset as a namespace has it. */
export function rulesetOf({ ruleset }: LintedRules): Pick<Namespace, "ruleset4" | "ruleset6"> {
  return ruleset.family === 4 ? { ruleset4: ruleset } : { ruleset6: ruleset };
}

/** The machine of a namespace of the snapshot, whether it has rules or not. */
export function machineOfNetns({ host, rulesets, files = [] }: LintContext, netns: string): Machine | undefined {
  const namespace = host?.namespaces.get(netns);
  const file = files[0]?.file;
  if (!host || !namespace || file === undefined || isFaulty(rulesets)) return undefined;
  const ruleset = { family: 4, file, backend: "nft", tables: new Map() } as const;
  return ofSnapshot(host, namespace, { file, netns, lines: [], ruleset, problems: [] });
}

// nettrace packet refuses a snapshot when one of its rulesets has a fault.
function isFaulty(rulesets: readonly LintedRules[]): boolean {
  return rulesets.some(({ problems }) => problems.length > 0);
}

function ofSnapshot(host: Host, namespace: Namespace, rules: LintedRules): Machine {
  const { name } = namespace;
  const words = ["--snapshot", snapshotOf(rules.file), ...(name === NETNS ? [] : ["--netns", name])];
  return { rules, namespace, ...machineOfWords(host, name, words, rules.ruleset.family) };
}

/** The snapshot that a file of a namespace belongs to. */
function snapshotOf(file: string): string {
  const at = `/${file}`.lastIndexOf("/netns/");
  return at <= 0 ? "." : file.slice(0, at - 1);
}
