import type { Host } from "../model/host.ts";
import type { ArgValues, Rule } from "../model/rule.ts";

type Range = readonly [number, number];

/** Wider spans of ports are clients' and not a service's. */
const WIDEST = 1024;
/** Targets that give a connection's packets another destination port. */
const REDIRECTING: ReadonlySet<string> = new Set(["DNAT", "REDIRECT"]);

/** The ports that nat rules name as a service's, or as what it is translated to: 1 for each. */
export function namedPorts(host: Host): Uint8Array {
  const named = new Uint8Array(65_536);
  for (const { ruleset4, ruleset6 } of host.namespaces.values()) {
    for (const ruleset of [ruleset4, ruleset6]) {
      for (const { rules } of ruleset?.tables.get("nat")?.chains.values() ?? []) {
        for (const rule of rules) {
          for (const [first, last] of portsOf(rule)) if (last - first < WIDEST) named.fill(1, first, last + 1);
        }
      }
    }
  }
  return named;
}

function portsOf({ matches, target }: Rule): readonly Range[] {
  const found: Range[] = [];
  for (const { args } of matches) found.push(...rangesIn(args, "dport"), ...rangesIn(args, "dports"), ...rangesIn(args, "ports"));
  if (target?.kind !== "extension" || !REDIRECTING.has(target.name)) return found;
  for (const arg of Object.values(target.args ?? {})) {
    const ports = (arg?.value as { readonly ports?: Range } | undefined)?.ports;
    if (ports) found.push(ports);
  }
  return found;
}

/** One range of ports, or a list of them. */
function rangesIn(args: ArgValues | undefined, name: string): readonly Range[] {
  const arg = args?.[name];
  if (!arg || arg.not || !Array.isArray(arg.value)) return [];
  return typeof arg.value[0] === "number" ? [arg.value as unknown as Range] : (arg.value as readonly Range[]);
}
