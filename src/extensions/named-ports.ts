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
    addRanges(named, args["dport"]);
    addRanges(named, args["dports"]);
    addRanges(named, args["ports"]);
  }
  if (target?.kind !== "extension" || !REDIRECTING.has(target.name)) return;
  const to = target.args?.["to"] ?? target.args?.["toPorts"];
  const { ports } = (to?.value ?? {}) as NatTo;
  if (ports) addRange(named, ports);
}

function addRange(named: Set<number>, [first, last]: Range): void {
  if (last - first < WIDEST) for (let port = first; port <= last; port++) named.add(port);
}

/** Of one range of ports, or of a list of them. */
function addRanges(named: Set<number>, arg: ArgValues[string]): void {
  if (!arg || arg.not || !Array.isArray(arg.value)) return;
  if (typeof arg.value[0] === "number") addRange(named, arg.value as unknown as Range);
  else for (const range of arg.value as readonly Range[]) addRange(named, range);
}
