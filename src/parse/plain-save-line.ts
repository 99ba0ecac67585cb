import type { SaveLine } from "../../grammars/iptables-save.ts";
import { LONGEST_LINE } from "../../grammars/words.ts";

const TABLE = /^\*([a-z]+)$/;
const CHAIN = /^:([A-Za-z0-9_-]+) (ACCEPT|DROP|-) \[(\d{1,15}):(\d{1,15})\]$/;

/** The lines around the rules, where they are as iptables-save itself writes them: the grammar says the same of them, and takes time to build. */
export function plainSaveLine(source: string): SaveLine | undefined {
  if (source === "") return { kind: "blank" };
  if (source === "COMMIT") return { kind: "commit" };
  if (source.length > LONGEST_LINE) return undefined;
  if (source.startsWith("#")) return { kind: "comment", text: source };
  const table = TABLE.exec(source)?.[1];
  if (table !== undefined) return { kind: "table", name: { text: table, start: 1, end: source.length } };
  const [, name, policy, packets, bytes] = CHAIN.exec(source) ?? [];
  if (name === undefined || policy === undefined) return undefined;
  const start = name.length + 2;
  return {
    kind: "chain",
    name: { text: name, start: 1, end: name.length + 1 },
    policy: { text: policy, start, end: start + policy.length },
    counters: { packets: Number(packets), bytes: Number(bytes) },
  };
}
