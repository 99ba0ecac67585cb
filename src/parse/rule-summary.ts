import { addNamedPorts } from "../extensions/named-ports.ts";
import { chainIn } from "../model/rule.ts";
import type { ChainDraft } from "./chain-draft.ts";
import type { RuleDraft } from "./lower-rule.ts";
import type { TableDraft } from "./table-draft.ts";

/** What the rules of a file say in all, as far as it is read. */
export interface SummaryDraft {
  readonly names: Set<string>;
  counted: boolean;
  readonly natPorts: Set<number>;
}

/** Takes note of what a rule says about its ruleset and its table. */
export function noteRule({ matches, target, counters }: RuleDraft, chain: ChainDraft, table: TableDraft, summary: SummaryDraft): void {
  for (const match of matches) summary.names.add(match.name);
  if (counters && counters.packets > 0) summary.counted = true;
  if (target?.kind === "extension") summary.names.add(target.name);
  if (table.name === "nat") addNamedPorts(matches, target, summary.natPorts);
  const to = chainIn(table.chains, target);
  if (to) table.jumps.add(chain.index, to.index);
}
