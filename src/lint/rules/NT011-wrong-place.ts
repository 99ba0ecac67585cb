import { matchSpec, targetSpec } from "../../extensions/registry.ts";
import type { Family } from "../../model/address.ts";
import type { Hook, Rule, Table } from "../../model/rule.ts";
import type { Found } from "../finding.ts";
import { hooksOfChains } from "../jumps.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOfWords } from "../linted-rules.ts";
import { problemsOfKind } from "../problem-rules.ts";

interface Fault {
  readonly message: string;
  readonly words: RegExp;
}

/** Hooks at which a packet has no device that it comes from, or goes to. At POSTROUTING it has both since Linux 5.7. */
const WITHOUT: Readonly<Record<"in" | "out", readonly Hook[]>> = { in: ["OUTPUT"], out: ["PREROUTING", "INPUT"] };

function deviceFault(side: "in" | "out", { inInterface, outInterface }: Rule, hooks: readonly Hook[]): Fault | undefined {
  const given = side === "in" ? inInterface : outInterface;
  if (!given || hooks.length === 0 || !hooks.every((hook) => WITHOUT[side].includes(hook))) return undefined;
  const direction = side === "in" ? "comes in on" : "goes out on";
  const result = given.not ? "so that this is met by every packet" : "so that this rule can never match";
  return {
    message: `Packets get here only from ${hooks.join(" and ")}, where none has a device that it ${direction}, ${result}.`,
    words: new RegExp(`(?:! )?-${side[0]} \\S+`),
  };
}

/** xt_check_match, xt_check_target: tables first, then the hooks from which the chain can be reached. */
function extensionFault(kind: "match" | "target", name: string, family: Family, table: Table, hooks: readonly Hook[]): Fault | undefined {
  const spec = kind === "match" ? matchSpec(name, family) : targetSpec(name, family);
  if (!spec) return undefined;
  const words = new RegExp(`-${kind === "match" ? "m" : "j"} ${name}\\b`);
  const what = kind === "match" ? `The match ${name}` : `The target ${name}`;
  if (spec.tables && !spec.tables.includes(table.name)) {
    return { message: `${what} works only in the table ${spec.tables.join(" or ")}: the kernel refuses it in ${table.name}.`, words };
  }
  const wrong = spec.hooks ? hooks.filter((hook) => !spec.hooks?.includes(hook)) : [];
  if (wrong.length === 0) return undefined;
  const place = `the chain is reached from ${wrong.join(" and ")}`;
  return { message: `${what} works only in ${spec.hooks?.join(", ")}, but ${place}: the kernel refuses the rule.`, words };
}

function* faultsOf(rule: Rule, table: Table, hooks: readonly Hook[], family: Family): Generator<Fault | undefined> {
  yield deviceFault("in", rule, hooks);
  yield deviceFault("out", rule, hooks);
  for (const { name } of rule.matches) yield extensionFault("match", name, family, table, hooks);
  if (rule.target?.kind === "extension") yield extensionFault("target", rule.target.name, family, table, hooks);
}

function* check(rules: LintedRules): Generator<Found> {
  const { tables, family } = rules.ruleset;
  for (const table of tables.values()) {
    const hooksOf = hooksOfChains(table);
    for (const chain of table.chains.values()) {
      const hooks = [...(hooksOf.get(chain.name) ?? [])];
      const lines = new Set<number>();
      for (const rule of chain.rules) {
        if (lines.has(rule.line)) continue;
        lines.add(rule.line);
        for (const fault of faultsOf(rule, table, hooks, family)) {
          if (fault) yield { ...placeOfWords(rules, rule.line, fault.words), message: fault.message };
        }
      }
    }
  }
}

/** A match or target where it cannot work. */
export const rule: LintRule = {
  id: "NT011",
  name: "wrong-place",
  severity: "error",
  group: "structure",
  summary: "A match or target stands where it cannot work.",
  why: `Some matches and targets need what a packet has only at some hooks, or belong to one table: DNAT to PREROUTING and OUTPUT of nat, REJECT to filter, owner to packets
of local sockets. The kernel refuses a rule whose chain can be reached from another hook, and with it the table; iptables-restore says no more than "line N failed" and names the COMMIT
line. \`-o\` in PREROUTING or INPUT, and \`-i\` in OUTPUT, iptables refuses in the built-in chains themselves. In a chain that they lead to it takes them, and such a rule never matches;
with \`!\` it always does.`,
  exceptions: "Devices in chains that other hooks lead to as well, where the rule can match.",
  bad: `*filter
:INPUT DROP [0:0]
:LAN - [0:0]
-A INPUT -j LAN
-A LAN -s 10.0.0.0/8 -o eth1 -j ACCEPT
#                    ^^^^^^^ NT011: where none has a device that it goes out on, so that this rule can never match
-A LAN -m owner --uid-owner 0 -j ACCEPT
#^^^ NT011: The match owner works only in OUTPUT, POSTROUTING, but the chain is reached from INPUT
-A INPUT -p tcp -j DNAT --to-destination 10.0.0.2
#               ^^^^^^^ NT011: The target DNAT works only in the table nat
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:LAN - [0:0]
-A INPUT -j LAN
-A FORWARD -j LAN
-A LAN -s 10.0.0.0/8 -o eth1 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.2
COMMIT
`,
  *check(context) {
    yield* problemsOfKind(context, "place");
    for (const rules of context.rulesets) yield* check(rules);
  },
};
