import { type Chain, TABLE_HOOKS, type Table } from "../../model/rule.ts";
import { callersOf } from "../../sets/callers.ts";
import type { LineEdit } from "../finding.ts";
import { hooksOfChains } from "../jumps.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, placeOf } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";
import { isRefusedAbout } from "../refused-lines.ts";

/** The lines that speak of a chain: its declaration, its rules and what jumps there. */
function linesAbout(table: Table, chain: Chain): readonly LineEdit[] {
  const callers = callersOf(table).get(chain.name) ?? [];
  const all = new Set([chain.line, ...chain.rules.map(({ line }) => line), ...callers.map(({ rule }) => rule.line)]);
  return [...all].sort((a, b) => a - b).map((line) => ({ line }));
}

/** A user-defined chain that no packet can come to. */
export const rule: LintRule = {
  id: "NT008",
  name: "unused-chain",
  severity: "warning",
  group: "structure",
  summary: "No built-in chain leads to this chain, so that no packet ever sees its rules.",
  why: `A user-defined chain does something only where a rule jumps or goes to it. iptables-restore takes one that nothing leads to without a word. Mostly the jump was
forgotten, or removed while the chain stayed; what its rules were meant to keep out comes in.`,
  exceptions: `Chains of programs that make them in advance (Docker, Kubernetes, Calico, libvirt, fail2ban, ufw, firewalld and others), by their names, and those that the
configuration names under \`managed-chains\`. \`--fix\` removes the chain with its rules.`,
  bad: `*filter
:INPUT DROP [0:0]
:SSH - [0:0]
#^^^ NT008: No rule jumps or goes to the chain SSH
:LIMITED - [0:0]
#^^^ NT008: Only chains that no packet can come to lead to the chain LIMITED
-A INPUT -i lo -j ACCEPT
-A SSH -p tcp --dport 22 -j LIMITED
-A LIMITED -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:SSH - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j SSH
-A SSH -p tcp --dport 22 -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  *check({ rulesets, config }) {
    for (const rules of rulesets) {
      for (const { table, chain } of chainsOf(rules)) {
        if (chain.line === 0 || TABLE_HOOKS[table.name].some((hook) => hook === chain.name)) continue;
        if (hooksOfChains(table).has(chain.name) || isManaged(chain.name, config.managedChains) || isRefusedAbout(rules, chain.name))
          continue;
        const called = callersOf(table).has(chain.name);
        const what = called ? "Only chains that no packet can come to lead" : "No rule jumps or goes";
        const lost =
          chain.rules.length === 0 ? "" : `, and its ${chain.rules.length === 1 ? "rule does" : `${chain.rules.length} rules do`} nothing`;
        yield {
          ...placeOf(rules, chain.line),
          message: `${what} to the chain ${chain.name} of the table ${table.name}${lost}.`,
          ...(chain.rules.length === 0 && { severity: "hint" as const }),
          fix: { title: `remove the chain ${chain.name}`, file: rules.file, edits: linesAbout(table, chain) },
        };
      }
    }
  },
};
