import type { Family } from "../../src/model/address.ts";
import type { Problem } from "../../src/model/problem.ts";
import type { Chain, Rule, Ruleset, TableName } from "../../src/model/rule.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";

const HEAD = ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ":web - [0:0]"];

/** Reads rules of the filter table, which has a chain `web`; line 6 is the first rule's. */
export function readRules(rules: readonly string[], family: Family = 4) {
  return parseIptablesSave([...HEAD, ...rules, "COMMIT", ""].join("\n"), "rules.txt", family);
}

/** A chain of a ruleset. */
export function chainOf(ruleset: Ruleset, table: TableName, name: string): Chain {
  const chain = ruleset.tables.get(table)?.chains.get(name);
  if (!chain) throw new Error(`no chain ${table} ${name}`);
  return chain;
}

/** The rules that a line makes, when nothing is wrong with it. */
export function rulesOf(line: string, family: Family = 4): readonly Rule[] {
  const { value, problems } = readRules([line], family);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return ["INPUT", "FORWARD", "OUTPUT", "web"].flatMap((name) => chainOf(value, "filter", name).rules);
}

/** The one rule that a line makes. */
export function ruleOf(line: string, family: Family = 4): Rule {
  const [rule, ...more] = rulesOf(line, family);
  if (!rule || more.length > 0) throw new Error(`not one rule: ${line}`);
  return rule;
}

/** Problems as "line:column+span message (hint)". */
export function shown(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ line, column, span, message, hint }) => `${line}:${column}+${span} ${message}${hint === undefined ? "" : ` (${hint})`}`,
  );
}
