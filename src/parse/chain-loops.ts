import { chainIn, type Rule } from "../model/rule.ts";
import type { ChainDraft } from "./chain-draft.ts";
import type { TableDraft } from "./table-draft.ts";

/** A rule that leads back into a chain that a packet is still in. */
export interface ChainLoop {
  readonly chain: string;
  readonly rule: Rule;
}

interface Visit {
  readonly chain: ChainDraft;
  next: number;
}

/** The jumps that close a loop: the kernel refuses a table that has one (x_tables, mark_source_chains; nf_tables, nft_chain_validate). */
export function findChainLoops(table: TableDraft): ChainLoop[] {
  const loops: ChainLoop[] = [];
  if (!table.jumps.hasLoop(table.chains.size)) return loops;
  const state = new Map<ChainDraft, "open" | "done">();
  for (const start of table.chains.values()) {
    if (state.has(start)) continue;
    const stack: Visit[] = [{ chain: start, next: 0 }];
    state.set(start, "open");
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const rule = top.chain.rules[top.next++];
      if (!rule) {
        state.set(top.chain, "done");
        stack.pop();
        continue;
      }
      const chain = chainIn(table.chains, rule.target);
      if (!chain || state.get(chain) === "done") continue;
      if (state.get(chain) === "open") loops.push({ chain: top.chain.name, rule });
      else {
        state.set(chain, "open");
        stack.push({ chain, next: 0 });
      }
    }
  }
  return loops;
}
