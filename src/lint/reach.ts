import { type Rule, type Ruleset, TABLE_HOOKS, type Table } from "../model/rule.ts";
import { Devices } from "../sets/devices.ts";
import { Universe } from "../sets/guard.ts";
import { Reach } from "../sets/reach.ts";

const universes = new WeakMap<Ruleset, Universe>();
const reaches = new WeakMap<Table, Reach>();

/** What the sets of a ruleset's packets have in common. */
export function universeOf(ruleset: Ruleset): Universe {
  let universe = universes.get(ruleset);
  if (!universe) {
    universe = new Universe(ruleset.family, ruleset.backend, new Devices(deviceNames(ruleset)));
    universes.set(ruleset, universe);
  }
  return universe;
}

/** Which packets come to each rule of a table, found out once for all lint rules. */
export function reachOf(ruleset: Ruleset, table: Table): Reach {
  let reach = reaches.get(table);
  if (!reach) {
    reach = new Reach(table, universeOf(ruleset));
    for (const hook of TABLE_HOOKS[table.name]) reach.follow(hook);
    reaches.set(table, reach);
  }
  return reach;
}

function* deviceNames({ tables }: Ruleset): Generator<string> {
  const named = ({ inInterface, outInterface }: Rule) => [inInterface, outInterface].flatMap((one) => (one ? [one.value] : []));
  for (const table of tables.values()) for (const chain of table.chains.values()) for (const rule of chain.rules) yield* named(rule);
}
