import { saveAddressMask } from "../../extensions/codecs.ts";
import { matchSpec, targetSpec } from "../../extensions/registry.ts";
import { optionWords } from "../../extensions/save.ts";
import type { MatchSpec, TargetSpec } from "../../extensions/spec.ts";
import type { AddressMask, Family } from "../../model/address.ts";
import { savedProtocol } from "../../model/protocol-names.ts";
import type { ArgValues, Chain, Negatable, Rule, Ruleset, TargetUse } from "../../model/rule.ts";

function condition<T>(given: Negatable<T> | undefined, value: (value: T) => unknown): unknown {
  return given && { value: value(given.value), not: given.not || undefined };
}

function options(spec: MatchSpec | TargetSpec | undefined, args: ArgValues | undefined, words: readonly string[], family: Family) {
  return spec && args
    ? { options: optionWords(spec, args, family).map(({ flag, value, not }) => ({ flag, value: value.trim(), not: not || undefined })) }
    : { words };
}

function targetObject(use: TargetUse, family: Family) {
  if (use.kind === "verdict") return { verdict: use.verdict };
  if (use.kind !== "extension") return { [use.kind]: use.chain };
  return { name: use.name, ...options(targetSpec(use.name, family), use.args, use.words, family) };
}

function ruleObject(rule: Rule, family: Family) {
  const network = (value: AddressMask) => saveAddressMask(value);
  const same = (name: string) => name;
  return {
    number: rule.number,
    line: rule.line,
    text: rule.text,
    counters: rule.counters,
    source: condition(rule.source, network),
    destination: condition(rule.destination, network),
    inInterface: condition(rule.inInterface, same),
    outInterface: condition(rule.outInterface, same),
    protocol: condition(rule.protocol, savedProtocol),
    fragment: condition(rule.fragment, (value) => value),
    matches: rule.matches.map((use) => ({ name: use.name, ...options(matchSpec(use.name, family), use.args, use.words, family) })),
    target: rule.target && targetObject(rule.target, family),
  };
}

function chainObject({ line, policy, counters, rules }: Chain, family: Family) {
  return { line, policy, counters, rules: rules.map((rule) => ruleObject(rule, family)) };
}

/** A ruleset as the object of `parse --format json`; options are as iptables-save prints them, defaults filled in. */
export function rulesetObject({ family, backend, tables }: Ruleset): unknown {
  const chains = (table: ReadonlyMap<string, Chain>) =>
    Object.fromEntries([...table].map(([name, chain]) => [name, chainObject(chain, family)]));
  return { family, backend, tables: Object.fromEntries([...tables].map(([name, table]) => [name, { chains: chains(table.chains) }])) };
}
