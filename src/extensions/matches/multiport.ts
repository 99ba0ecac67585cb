import type { Negatable } from "../../model/rule.ts";
import { parsePort, parseRange, type Range, saveRange, word } from "../codecs.ts";
import { holds, oneOf, says } from "../condition.ts";
import { not, over, span } from "../draw.ts";
import { rangeWords, within } from "../ports.ts";
import { ranges } from "../space.ts";
import { match } from "../spec.ts";
import { portsOf } from "../transport.ts";

type Ports = readonly Range[];

const SLOTS = 15;
const LAST = 65_535;

const PORTS = word<Ports>(
  `up to ${SLOTS} ports, ranges (a:b, counting twice) or service names, separated by commas`,
  (text) => {
    const parts = text.split(",");
    const list = parts.map((part) => parseRange(part, 65535, ":", parsePort));
    const slots = parts.reduce((sum, part) => sum + (part.includes(":") ? 2 : 1), 0);
    // A range has both ends, and not twice the same (libxt_multiport.c, parse_multi_ports_v1).
    const wrong = list.some(
      (item, i) => item === undefined || /^:|:$/.test(parts[i] ?? "") || (parts[i]?.includes(":") && item[0] >= item[1]),
    );
    return slots > SLOTS || wrong ? undefined : (list as Ports);
  },
  (list) => list.map((item) => saveRange(item)).join(","),
);

function portList(list: Ports): string {
  return `port ${oneOf(list.map(rangeWords))}`;
}

function inAny(list: Ports, port: number): boolean {
  return list.some((item) => within(port, item));
}

/** xt_multiport.c, multiport_mt. */
const multiport = match({
  name: "multiport",
  options: {
    sports: { flag: "--sports", aliases: ["--source-ports"], codec: PORTS, negatable: true },
    dports: { flag: "--dports", aliases: ["--destination-ports"], codec: PORTS, negatable: true },
    ports: { flag: "--ports", codec: PORTS, negatable: true },
  },
  check: (args) => {
    const given = [args.sports, args.dports, args.ports].filter((option: Negatable<Ports> | undefined) => option !== undefined);
    return given.length === 1 ? undefined : "multiport needs exactly one of --sports, --dports, --ports";
  },
  explain: (args) =>
    [
      ...says(args.sports, (list) => `source ${portList(list)}`),
      ...says(args.dports, (list) => `destination ${portList(list)}`),
      ...says(args.ports, (list) => `source or destination ${portList(list)}`),
    ].join(", "),
  reads: () => "nothing",
  compile: (args) => (context) => {
    const found = portsOf(context, 4);
    if (found.kind === "missing") return found.result;
    return (
      holds(args.sports, (list) => inAny(list, found.sport)) &&
      holds(args.dports, (list) => inAny(list, found.dport)) &&
      holds(args.ports, (list) => inAny(list, found.sport) || inAny(list, found.dport))
    );
  },
  space: ({ sports, dports, ports }) => {
    if (ports)
      return ports.not ? { sport: ranges(ports, LAST), dport: ranges(ports, LAST), exact: true } : { port: ports.value, exact: true };
    return { ...(sports && { sport: ranges(sports, LAST) }), ...(dports && { dport: ranges(dports, LAST) }), exact: true };
  },
  draw: (d) => {
    if (!over(d, "tcp", "udp", "udplite", "sctp", "dccp")) return undefined;
    const [flag, side] = d.pick([
      ["--sports", "src"],
      ["--dports", "dst"],
      ["--ports", d.pick(["src", "dst"] as const)],
    ] as const);
    const list = Array.from({ length: d.integer(1, d.chance(6) ? 7 : 3) }, () => span(d, d.port(side), 65_535).replace(/^(\d+):\1$/, "$1"));
    return `-m multiport ${not(d)}${flag} ${list.join(",")}`;
  },
  doc: "Up to 15 ports or ranges, of the source, the destination or either.",
  examples: [
    { rule: "-p tcp -m multiport --dports 80,443", says: "destination port 80 or 443" },
    {
      rule: "-p udp -m multiport ! --sports 1:5,domain",
      saved: "-p udp -m multiport ! --sports 1:5,53",
      says: "not source port 1 to 5 or 53",
    },
    { rule: "-p tcp -m multiport --ports 53,1024:65535", says: "source or destination port 53 or 1024 to 65535" },
  ],
});

export const specs = [multiport];
