import type { MatchUse, Rule, Ruleset } from "../model/rule.ts";
import { Devices } from "./devices.ts";
import { Universe } from "./guard.ts";
import { Layout } from "./layout.ts";
import { makeWorld, ruleKeys, type World } from "./program.ts";

/** One world for all rulesets that are looked at together; `devices` are names and prefixes that are asked for beside theirs. */
export function worldOf(rulesets: readonly Ruleset[], devices: readonly string[] = []): World {
  const tables = rulesets.flatMap((ruleset) => [...ruleset.tables.values()]);
  const keys = tables.map(ruleKeys);
  const naming = (rule: Rule, use: MatchUse | undefined): string => {
    const key = keys.map((one) => one.get(rule)).find((one) => one !== undefined);
    return `${key ?? rule.text} ${use ? rule.matches.indexOf(use) : ""}`;
  };
  const rules = tables.flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules));
  const named = rules.flatMap(({ inInterface, outInterface }) => [inInterface, outInterface].flatMap((one) => (one ? [one.value] : [])));
  // The two variants differ only in fragments behind the first, and what is said of both at once leaves those out.
  const backend = rulesets.some((one) => one.backend === "nft") ? "nft" : "legacy";
  const family = rulesets[0]?.family ?? 4;
  return makeWorld(new Layout(new Universe(family, backend, new Devices([...named, ...devices]), naming)));
}
