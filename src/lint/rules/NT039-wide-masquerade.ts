import { type Address, formatAddress, maskLength, parseAddress } from "../../model/address.ts";
import type { Rule } from "../../model/rule.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOf } from "../linted-rules.ts";
import { type Machine, machineOf } from "../machine.ts";
import { freeNames, gatesOf, knock, ODD_PORT, strangers } from "../outside.ts";
import { type Answer, ask } from "../probe.ts";

const PORTS = [ODD_PORT, 443, 80, 22];

/** Whether a rule gives another source to what leaves by any device, and comes from anywhere. */
function isWide({ source, outInterface, target }: Rule): boolean {
  if (target?.kind !== "extension" || (target.name !== "MASQUERADE" && target.name !== "SNAT")) return false;
  return !outInterface && (!source || maskLength(source.value.mask) === 0);
}

/** Hosts behind the machine, with what has to be known of it. */
function inside(machine: Machine, outside: string): readonly { readonly address: Address; readonly facts: readonly string[] }[] {
  const { namespace, rules } = machine;
  if (!namespace) {
    const device = freeNames(rules, 2).find((name) => name !== outside);
    const text = rules.ruleset.family === 4 ? "10.77.0.5" : "fd77::5";
    return device
      ? [{ address: parseAddress(text) as Address, facts: [`${text}/${rules.ruleset.family === 4 ? 24 : 64} dev ${device}`] }]
      : [];
  }
  const others = (namespace.devices ?? []).filter(({ name, up, kind }) => up && name !== outside && kind !== "loopback");
  return others.flatMap(({ addresses }) =>
    addresses.flatMap(({ address, scope, length }) => {
      if (scope !== "global" || typeof address !== (rules.ruleset.family === 4 ? "number" : "bigint")) return [];
      const next = typeof address === "number" ? address ^ 1 : address ^ 1n;
      return length < (typeof address === "number" ? 31 : 127)
        ? [{ address: typeof next === "number" ? next >>> 0 : next, facts: [] }]
        : [];
    }),
  );
}

function shown(context: LintContext, rules: LintedRules, rule: Rule): Answer | undefined {
  const machine = machineOf(context, rules);
  const [gate] = machine ? gatesOf(machine, context.config) : [];
  const [source] = strangers(rules);
  if (!machine || !gate || source === undefined) return undefined;
  for (const { address, facts } of inside(machine, gate.device)) {
    for (const port of PORTS) {
      const prefixed = facts.map((line) => line.replace(/^\S+/, (prefix) => prefix.replace(/5\/24$/, "0/24").replace(/5\/64$/, "/64")));
      const answer = ask(machine, knock({ ...gate, own: address, facts: [...gate.facts, ...prefixed] }, source, port));
      const taken = answer?.way.steps.some((step) => step.kind === "rule" && step.table === "nat" && step.rule.line === rule.line);
      if (answer?.way.verdict === "forwarded" && taken) return answer;
    }
  }
  return undefined;
}

function* wide(context: LintContext, rules: LintedRules): Generator<Found> {
  for (const { table, chain } of chainsOf(rules)) {
    if (table.name !== "nat") continue;
    for (const rule of chain.rules) {
      const answer = isWide(rule) ? shown(context, rules, rule) : undefined;
      if (!answer) continue;
      const source = answer.way.steps.length > 0 ? strangers(rules)[0] : undefined;
      const witness = answer.witness(`line ${rule.line} gives it the machine's own source address`);
      yield {
        ...placeOf(rules, rule.line),
        message: `What comes in from outside gets this machine's address as its source as well: a server behind it does not see ${source === undefined ? "who" : `that ${formatAddress(source)}`} connects.`,
        hint: "Say which device it leaves by (-o), or which network it comes from (-s).",
        ...(witness && { witness }),
      };
    }
  }
}

/** Translation of everything. */
export const rule: LintRule = {
  id: "NT039",
  name: "wide-masquerade",
  severity: "warning",
  group: "exposure",
  summary:
    "Source addresses are translated on the way in as well, since the rule says neither by which device packets leave nor where they come from.",
  why: `MASQUERADE is for what goes out by the device to the provider. Without \`-o\` or \`-s\` it also takes what is forwarded to the inside, and between inside networks: the servers there see the firewall's
address in place of the client's, in their logs, and where they decide by addresses who may connect.`,
  exceptions: `Rules that a mark or another condition keeps to what has to be translated: the replay of a connection from outside to a host behind the machine has to be forwarded and taken by the rule.`,
  bad: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -j MASQUERADE
#^^^ NT039: What comes in from outside
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) yield* wide(context, rules);
  },
};
