import type { ArgValues, MatchUse, TargetUse } from "../model/rule.ts";
import type { NatTo } from "./nat-range.ts";

type Range = readonly [number, number];

/** Wider spans of ports are clients' and not a service's. */
const WIDEST = 1024;
/** Targets that give a connection's packets another destination port. */
const REDIRECTING: ReadonlySet<string> = new Set(["DNAT", "REDIRECT"]);

/** Adds the ports that a nat rule names as a service's, or as what it is translated to. */
export function addNamedPorts(matches: readonly MatchUse[], target: TargetUse | undefined, named: Set<number>): void {
  for (const { args } of matches) {
    if (!args) continue;
    for (const name of ["dport", "dports", "ports"]) for (const range of rangesIn(args, name)) addRange(named, range);
  }
  if (target?.kind !== "extension" || !REDIRECTING.has(target.name)) return;
  const to = target.args?.["to"] ?? target.args?.["toPorts"];
  const { ports } = (to?.value ?? {}) as NatTo;
  if (ports) addRange(named, ports);
}

function addRange(named: Set<number>, [first, last]: Range): void {
  if (last - first < WIDEST) for (let port = first; port <= last; port++) named.add(port);
}

/** One range of ports, or a list of them. */
function rangesIn(args: ArgValues, name: string): readonly Range[] {
  const arg = args[name];
  if (!arg || arg.not || !Array.isArray(arg.value)) return [];
  return typeof arg.value[0] === "number" ? [arg.value as unknown as Range] : (arg.value as readonly Range[]);
}
