import type { Family } from "../model/address.ts";
import type { Host, Namespace } from "../model/host.ts";
import { buildHost, type HostInputs } from "../parse/host.ts";
import { parseLinks } from "../parse/ip-link.ts";
import { parseRoutesByFamily } from "../parse/ip-route.ts";
import type { LintContext } from "./context.ts";
import type { LintedRules } from "./linted-rules.ts";

const NETNS = "host";

/** What packets are sent through: a namespace of the snapshot, or a host of which nothing is known but the ruleset and some routes. */
export interface Machine {
  readonly rules: LintedRules;
  readonly netns: string;
  /** Where a snapshot was given. */
  readonly namespace?: Namespace;
  /** The host; where there is no snapshot, with lines of `ip route` or of `ip addr` for what is to be known of it. */
  host(facts: readonly string[]): Host;
  /** The words before and after those of a packet that make `nettrace packet` look at the same host. */
  words(facts: readonly string[]): { readonly before: readonly string[]; readonly after: readonly string[] };
}

const machines = new WeakMap<LintedRules, Machine>();

/** The machine of a ruleset; undefined where the ruleset has a fault, so that nothing can be said of packets. */
export function machineOf({ host, rulesets }: LintContext, rules: LintedRules): Machine | undefined {
  if (rules.problems.length > 0 || (host && isFaulty(rulesets))) return undefined;
  let machine = machines.get(rules);
  if (!machine) {
    const { netns } = rules;
    const namespace = netns === undefined ? undefined : host?.namespaces.get(netns);
    machine = host && netns !== undefined && namespace ? ofSnapshot(host, namespace, rules) : ofRules(rules);
    machines.set(rules, machine);
  }
  return machine;
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
  const root = snapshotOf(rules.file);
  const after = ["--snapshot", quoted(root), ...(namespace.name === NETNS ? [] : ["--netns", quoted(namespace.name)])];
  return { rules, netns: namespace.name, namespace, host: () => host, words: () => ({ before: [], after }) };
}

function ofRules(rules: LintedRules): Machine {
  const { ruleset, file } = rules;
  const known = new Map<string, Host>();
  return {
    rules,
    netns: NETNS,
    host(facts) {
      const text = facts.map((line) => `${line}\n`).join("");
      let host = known.get(text);
      if (!host) {
        const given = ruleset.family === 4 ? { ruleset4: ruleset } : { ruleset6: ruleset };
        host = buildHost({ addressesKnown: false, ...given, ...readFacts(text, ruleset.family) }, NETNS);
        known.set(text, host);
      }
      return host;
    },
    words(facts) {
      const after = [ruleset.family === 4 ? "--rules" : "--rules6", quoted(file)];
      const [first] = facts;
      if (first === undefined) return { before: [], after };
      const said = facts.length === 1 ? `echo '${first}'` : `printf '${facts.join("\\n")}\\n'`;
      return { before: [said, "|"], after: [...after, showsLinks(first) ? "--links" : "--routes", "-"] };
    },
  };
}

function showsLinks(text: string): boolean {
  return /^\d+: /.test(text);
}

function readFacts(text: string, family: Family): Partial<HostInputs> {
  if (text === "") return {};
  if (showsLinks(text)) return { devices: parseLinks(text, "-").value, addressesKnown: true };
  const { value } = parseRoutesByFamily(text, "-", family);
  return family === 4 ? { routes: value.four } : { routes6: value.six };
}

/** The snapshot that a file of a namespace belongs to. */
function snapshotOf(file: string): string {
  const at = `/${file}`.lastIndexOf("/netns/");
  return at <= 0 ? "." : file.slice(0, at - 1);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
