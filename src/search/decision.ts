import type { Hook, Table } from "../model/rule.ts";
import type { PacketTrace, Way } from "../model/trace.ts";
import { decidingStep } from "../probe/deciding-step.ts";
import { doingOf } from "../sets/fates.ts";
import { type Decider, type End, endOf } from "../sets/outcome.ts";

/** Who decided over a packet in a table, as a person reads it. */
export interface Decision {
  /** "accept", "DNAT --to-destination 10.0.0.2" */
  readonly verdict: string;
  readonly end: End;
  readonly table: string;
  readonly chain: string;
  /** Number of the rule in its chain; absent for a policy. */
  readonly rule?: number;
  readonly line?: number;
  readonly file: string;
  /** The rule as it is written. */
  readonly text?: string;
}

const PAST: Readonly<Partial<Record<End, string>>> = { accept: "accepted", drop: "dropped", reject: "rejected", queue: "queued" };

/** "dropped", "rejected (tcp-reset)", "DNAT --to-destination 10.0.0.2" */
export function verdictText({ verdict, end, table }: Decision): string {
  if (table === "nat" && verdict === "accept") return "not translated";
  const past = PAST[end];
  if (past === undefined) return verdict;
  const [, ...words] = verdict.split(" ");
  return words.length === 0 ? past : `${past} (${words.join(" ")})`;
}

/** A decision of a table. */
export function decisionOf(by: Decider, end: End, words: string, table: Table["name"], file: string): Decision {
  const verdict = words === "" ? end : words;
  if (!("rule" in by)) return { verdict, end, table, chain: by.chain, file, ...(by.line > 0 && { line: by.line }) };
  const { number, line, text } = by.rule;
  return { verdict, end, table, chain: by.chain, rule: number, file, ...(line > 0 && { line }), text };
}

/** "dropped by filter FORWARD 4 (old.rules:14)", "accepted by the policy of filter FORWARD (old.rules:3)" */
export function decisionText(decision: Decision): string {
  const { table, chain, rule, line, file } = decision;
  const past = verdictText(decision);
  const where = line === undefined ? "" : ` (${file}:${line})`;
  return rule === undefined ? `${past} by the policy of ${table} ${chain}${where}` : `${past} by ${table} ${chain} ${rule}${where}`;
}

/** What a replay says was decided in a table at a hook; undefined where its ways disagree or the packet did not get there. */
export function replayedDecision({ way, alternatives }: PacketTrace, table: Table["name"], hook: Hook, file: string): Decision | undefined {
  const [first, ...others] = (alternatives.length > 0 ? alternatives : [way]).map((one) => decided(one, table, hook, file));
  return first && others.every((other) => other && decisionText(other) === decisionText(first)) ? first : undefined;
}

function decided(way: Way, table: Table["name"], hook: Hook, file: string): Decision | undefined {
  const step = decidingStep(way, table, hook);
  if (step?.kind === "policy") {
    const verdict = step.verdict === "DROP" ? "drop" : "accept";
    return { verdict, end: verdict, table, chain: step.chain, file, ...(step.line > 0 && { line: step.line }) };
  }
  if (!step) return undefined;
  const { rule, chain } = step;
  const end = endOf(rule.target, doingOf(rule.target));
  return end && decisionOf({ table, chain, rule }, end.end, end.words, table, file);
}
