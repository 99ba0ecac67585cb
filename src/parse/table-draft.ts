import type { Family } from "../model/address.ts";
import { type Chain, type Counters, type Hook, type Ruleset, TABLE_HOOKS, type Table, type TableName } from "../model/rule.ts";
import type { RuleDraft } from "./lower-rule.ts";

/** A chain while its file is read. */
export interface ChainDraft {
  readonly name: string;
  line: number;
  policy?: "ACCEPT" | "DROP";
  counters?: Counters;
  rules: RuleDraft[];
}

/** A table while its file is read. */
export interface TableDraft {
  readonly name: TableName;
  readonly chains: Map<string, ChainDraft>;
}

/** A table's name, or undefined when no table is called so. */
export function tableName(text: string): TableName | undefined {
  return Object.hasOwn(TABLE_HOOKS, text) ? (text as TableName) : undefined;
}

/** Whether a chain of that name is a built-in one of the table. */
export function isBuiltIn(table: TableDraft, name: string): boolean {
  return TABLE_HOOKS[table.name].includes(name as Hook);
}

/** A chain by its name; a built-in one is there even where the file does not declare it. */
export function findChain(table: TableDraft, name: string): ChainDraft | undefined {
  return table.chains.get(name) ?? (isBuiltIn(table, name) ? addChain(table, name, 0) : undefined);
}

/** Adds an empty chain. */
export function addChain(table: TableDraft, name: string, line: number): ChainDraft {
  const chain: ChainDraft = isBuiltIn(table, name) ? { name, line, policy: "ACCEPT", rules: [] } : { name, line, rules: [] };
  table.chains.set(name, chain);
  return chain;
}

/** Puts rules into a chain at a place counted from 0. */
export function insertRules(chain: ChainDraft, at: number, rules: readonly RuleDraft[]): void {
  if (at < chain.rules.length) chain.rules.splice(at, 0, ...rules);
  else for (const rule of rules) chain.rules.push(rule);
}

function numbered(chain: ChainDraft): Chain {
  for (let i = 0; i < chain.rules.length; i++) {
    const rule = chain.rules[i];
    if (rule) rule.number = i + 1;
  }
  return chain;
}

// With legacy iptables the chains of a table are always all there; with nft only those that were ever used.
function finishTable(table: TableDraft, backend: Ruleset["backend"]): Table {
  if (backend === "legacy") for (const hook of TABLE_HOOKS[table.name]) findChain(table, hook);
  const builtIn = TABLE_HOOKS[table.name].filter((hook) => table.chains.has(hook));
  const names = new Set<string>([...builtIn, ...table.chains.keys()]);
  const chains = new Map<string, Chain>();
  for (const name of names) {
    const chain = table.chains.get(name);
    if (chain) chains.set(name, numbered(chain));
  }
  return { name: table.name, chains };
}

/** The ruleset that the tables make. */
export function finishRuleset(
  file: string,
  family: Family,
  backend: Ruleset["backend"],
  drafts: ReadonlyMap<TableName, TableDraft>,
): Ruleset {
  const tables = new Map<TableName, Table>();
  for (const [name, draft] of drafts) tables.set(name, finishTable(draft, backend));
  return { family, file, backend, tables };
}
