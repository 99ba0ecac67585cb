import type { SaveWord } from "../../grammars/iptables-save.ts";
import { quote } from "../../grammars/words.ts";
import { targetSpec } from "../extensions/registry.ts";
import type { TargetUse } from "../model/rule.ts";
import { openUse } from "./extension-use.ts";
import { EXTENSION_FAMILY, KNOWN_TARGETS } from "./known-extensions.ts";
import { nearest } from "./nearest.ts";
import type { RuleState } from "./rule-state.ts";
import { findChain, isBuiltIn } from "./table-draft.ts";

/** The verdicts by their names. */
export const VERDICTS: ReadonlyMap<string, TargetUse> = new Map(
  (["ACCEPT", "DROP", "RETURN", "QUEUE"] as const).map((verdict) => [verdict, { kind: "verdict", verdict }]),
);

/** `-j` and `-g`: a verdict, a chain of the same table, or a target extension. */
export function readTarget(state: RuleState, flag: SaveWord, kind: "jump" | "goto") {
  const { words, scope } = state;
  const word = words.need(kind === "goto" ? "a chain" : "a chain or a target", flag);
  if (!word) return;
  if (state.target) return words.report(flag, "a rule can have only one target");
  const name = word.text;
  const verdict = kind === "jump" ? VERDICTS.get(name) : undefined;
  const chain = verdict ? undefined : findChain(scope.table, name);
  // iptables has refused this since 1.4.4 (iptables.c, do_command4).
  if (name === "DROP" && verdict && scope.table.name === "nat")
    words.report(word, "the table nat is not for filtering: no rule of it can DROP", undefined, "place");
  if (verdict) state.target = verdict;
  else if (chain) {
    if (isBuiltIn(scope.table, name)) words.report(word, `${flag.text} cannot go to the built-in chain ${name}`);
    state.target = { kind, chain: chain.name };
  } else if (kind === "goto") words.report(word, `no chain named ${quote(name)} in this table`, suggestion(state, name, []), "chain");
  else readExtension(state, word);
}

function readExtension(state: RuleState, word: SaveWord) {
  const { words, scope } = state;
  const name = word.text;
  const spec = targetSpec(name, scope.family);
  const target = openUse(name, spec, word);
  state.open.push(target);
  state.target = target;
  if (spec) return;
  const family = EXTENSION_FAMILY.get(name) ?? scope.family;
  if (family !== scope.family) words.report(word, `the target ${name} is for IPv${family} only`);
  else if (!KNOWN_TARGETS.has(name)) {
    words.report(word, `no chain or target named ${quote(name)}`, suggestion(state, name, [...VERDICTS.keys(), ...KNOWN_TARGETS]), "chain");
  }
}

function suggestion({ scope }: RuleState, name: string, others: readonly string[]): string | undefined {
  if (!scope.suggest) return undefined;
  const best = nearest(name, [...scope.table.chains.keys(), ...others]);
  return best === undefined ? undefined : `did you mean ${best}?`;
}
