import type { Host, Namespace } from "../model/host.ts";
import { buildHost } from "../parse/host.ts";
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
  /** The host; routes are added only where there is no snapshot. */
  host(routes: readonly string[]): Host;
  /** The words before and after those of a packet that make `nettrace packet` look at the same host. */
  words(routes: readonly string[]): { readonly before: readonly string[]; readonly after: readonly string[] };
}

const machines = new WeakMap<LintedRules, Machine>();

/** The machine of a ruleset; undefined where the ruleset has a fault, so that nothing can be said of packets. */
export function machineOf({ host }: LintContext, rules: LintedRules): Machine | undefined {
  if (rules.problems.length > 0) return undefined;
  let machine = machines.get(rules);
  if (!machine) {
    const { netns } = rules;
    const namespace = netns === undefined ? undefined : host?.namespaces.get(netns);
    machine = host && netns !== undefined && namespace ? ofSnapshot(host, namespace, rules) : ofRules(rules);
    machines.set(rules, machine);
  }
  return machine;
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
    host(lines) {
      const text = lines.map((line) => `${line}\n`).join("");
      let host = known.get(text);
      if (!host) {
        const { value } = parseRoutesByFamily(text, "-", ruleset.family);
        const routes = lines.length === 0 ? {} : ruleset.family === 4 ? { routes: value.four } : { routes6: value.six };
        host = buildHost(
          { addressesKnown: false, ...(ruleset.family === 4 ? { ruleset4: ruleset } : { ruleset6: ruleset }), ...routes },
          NETNS,
        );
        known.set(text, host);
      }
      return host;
    },
    words(lines) {
      const after = [ruleset.family === 4 ? "--rules" : "--rules6", quoted(file)];
      if (lines.length === 0) return { before: [], after };
      const said = lines.length === 1 ? `echo '${lines[0]}'` : `printf '${lines.join("\\n")}\\n'`;
      return { before: [said, "|"], after: [...after, "--routes", "-"] };
    },
  };
}

/** The snapshot that a file of a namespace belongs to. */
export function snapshotOf(file: string): string {
  const at = `/${file}`.lastIndexOf("/netns/");
  return at <= 0 ? "." : file.slice(0, at - 1);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
