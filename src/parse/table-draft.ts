import type { Family } from "../model/address.ts";
import { type Hook, type Ruleset, TABLE_HOOKS, type Table, type TableName } from "../model/rule.ts";
import { ChainDraft } from "./chain-draft.ts";
import { Jumps } from "./jumps.ts";

/** A table while its file is read. */
export interface TableDraft {
  readonly name: TableName;
  readonly chains: Map<string, ChainDraft>;
  /** The chains in the order of their places in the table. */
  readonly order: ChainDraft[];
  readonly jumps: Jumps;
}

/** A table without chains. */
export function newTable(name: TableName): TableDraft {
  return { name, chains: new Map(), order: [], jumps: new Jumps() };
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
  const chain = new ChainDraft(name, line, table.chains.size, isBuiltIn(table, name) ? "ACCEPT" : undefined);
  table.chains.set(name, chain);
  table.order.push(chain);
  return chain;
}

// With legacy iptables the chains of a table are always all there; with nft only those that were ever used.
function finishTable(table: TableDraft, backend: Ruleset["backend"]): Table {
  if (backend === "legacy") for (const hook of TABLE_HOOKS[table.name]) findChain(table, hook);
  const builtIn = TABLE_HOOKS[table.name].filter((hook) => table.chains.has(hook));
  const names = table.chains.keys();
  if (builtIn.every((hook) => names.next().value === hook)) return { name: table.name, chains: table.chains };
  const chains = new Map<string, ChainDraft>();
  for (const name of [...builtIn, ...table.chains.keys()]) {
    const chain = table.chains.get(name);
    if (chain) chains.set(name, chain);
  }
  return { name: table.name, chains };
}

/** The ruleset that the tables make. */
export function finishRuleset(
  file: string,
  family: Family,
  backend: Ruleset["backend"],
  drafts: ReadonlyMap<TableName, TableDraft>,
  summary?: Ruleset["summary"],
): Ruleset {
  const tables = new Map<TableName, Table>();
  for (const [name, draft] of drafts) tables.set(name, finishTable(draft, backend));
  return { family, file, backend, tables, ...(summary && { summary }) };
}
