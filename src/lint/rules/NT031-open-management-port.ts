import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf } from "../linted-rules.ts";
import { machineOf } from "../machine.ts";
import { isOpenAnyway, type OpenPort, openPort } from "../open-ports.ts";
import { gateWords } from "../outside.ts";
import { deciderWords } from "../probe.ts";

/** What programs listen there that give whoever connects the whole machine, or its data. */
const SERVICES: ReadonlyMap<number, string> = new Map([
  [22, "SSH"],
  [2375, "Docker"],
  [2379, "etcd"],
  [3306, "MySQL"],
  [3389, "RDP"],
  [5432, "PostgreSQL"],
  [6379, "Redis"],
  [6443, "Kubernetes"],
  [9200, "Elasticsearch"],
  [10250, "kubelet"],
  [11211, "memcached"],
  [27017, "MongoDB"],
]);
const MOST_PORTS = 64;
const MOST_NAMED = 4;

function portsOf({ config }: LintContext): readonly number[] {
  const ranges = config.ports.get("admin");
  if (!ranges) return [...SERVICES.keys()];
  const ports = ranges.flatMap(([first, last]) => Array.from({ length: Math.min(MOST_PORTS, last - first + 1) }, (_, i) => first + i));
  return ports.slice(0, MOST_PORTS);
}

function* open(context: LintContext, rules: LintedRules): Generator<Found> {
  const machine = machineOf(context, rules);
  if (!machine || isOpenAnyway(context, machine)) return;
  const byLine = new Map<number, { readonly port: number; readonly open: OpenPort }[]>();
  for (const port of portsOf(context)) {
    const found = openPort(context, machine, port);
    if (!found || found.by.line === 0) continue;
    const list = byLine.get(found.by.line) ?? [];
    byLine.set(found.by.line, [...list, { port, open: found }]);
  }
  for (const [line, list] of byLine) {
    const [first] = list;
    if (!first) continue;
    const { by, answers, gates } = first.open;
    const ports = list.map(({ port }) => (SERVICES.has(port) ? `${port} (${SERVICES.get(port)})` : String(port)));
    const more = ports.length - MOST_NAMED;
    if (more > 1) ports.splice(MOST_NAMED, more, `${more} more`);
    const words = ports.length === 1 ? `TCP port ${ports[0]} is` : `TCP ports ${ports.slice(0, -1).join(", ")} and ${ports.at(-1)} are`;
    const witness = answers[0]?.witness(`delivered: accepted by ${deciderWords(by)}`);
    yield {
      ...placeOf(rules, line),
      message: `${words} open to any source address, ${gateWords(machine, context.config, gates)}.`,
      // Whoever opens SSH alone means it, and it has keys.
      ...(list.every(({ port }) => port === 22) && { severity: "hint" as const }),
      hint: "Say which addresses may connect (-s), or let people come by a VPN.",
      ...(witness && { witness }),
    };
  }
}

/** Ports by which a machine is administered, open to the world. */
export const rule: LintRule = {
  id: "NT031",
  name: "open-management-port",
  severity: "warning",
  group: "exposure",
  summary: "A port by which a machine, a cluster or a database is administered is open to any address.",
  why: `Docker on 2375, etcd, kubelet, Redis, memcached and Elasticsearch ask for no password as they come; MySQL, PostgreSQL, MongoDB, RDP and SSH ask for one that can be guessed at all day.
Such ports are found within hours after they are opened. Whether something listens there is not in the rules; nothing in them would stop a packet.`,
  exceptions: `A chain INPUT that guards nothing (see NT030). SSH alone is a hint. Which ports count is \`lint.ports.admin\` in the configuration, and where strangers come in \`lint.interfaces.outside\`:
without it, the devices of the default routes, or, where only rules are given, the port has to be open on every device that there may be.
The replay of a TCP SYN from two addresses that no rule names has to be delivered.`,
  bad: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,6379 -j ACCEPT
#^^^ NT031: TCP port 6379 (Redis) is open to any source address, on any device
-A INPUT -s 10.0.0.0/8 -p tcp --dport 5432 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 5432,6379 -j ACCEPT
COMMIT
`,
  *check(context) {
    for (const rules of context.rulesets) yield* open(context, rules);
  },
};
