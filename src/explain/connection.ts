import type { Host } from "../model/host.ts";
import type { PacketTrace, Way } from "../model/trace.ts";
import { type Connection, isTrouble, type Outcome } from "./collect.ts";
import { closestSentence, evidence, observationSentences } from "./evidence.ts";
import { type StepRow, stepRows } from "./steps.ts";
import { headline } from "./way.ts";
import { count, packetTitle, sentence } from "./words.ts";

/** A sentence of an explanation. "answer": the headline; "bad": an answer that is trouble; "proof": what supports it. */
export interface Line {
  readonly text: string;
  readonly tone: "answer" | "bad" | "unsure" | "proof";
}

/** One thing that happened to packets of a connection. */
export interface OutcomeText {
  readonly lines: readonly Line[];
  readonly rows: readonly StepRow[];
  /** After the table. */
  readonly closing: readonly Line[];
}

/** A connection explained. */
export interface ConnectionText {
  readonly flow: number;
  readonly sign: "good" | "bad" | "unsure";
  readonly title: string;
  readonly packets: number;
  readonly outcomes: readonly OutcomeText[];
}

export interface DetailOptions {
  /** Tables of steps for every outcome, not only for trouble. */
  readonly tables: boolean;
  readonly allSteps: boolean;
}

/** Explains a connection, trouble first. */
export function explainConnection(connection: Connection, host: Host, options: DetailOptions): ConnectionText {
  const outcomes = [...connection.outcomes.values()].sort((a, b) => weight(b) - weight(a));
  return {
    flow: connection.flow,
    sign: signOf(outcomes),
    title: packetTitle(connection.first.packet),
    packets: connection.packets,
    outcomes: outcomes.map((outcome) => explainOutcome(outcome, outcomes.length > 1, connection, host, options)),
  };
}

function weight(outcome: Outcome): number {
  return (isTrouble(outcome.first.way.verdict) ? 2 : 0) + (outcome.reply ? 0 : 1);
}

function signOf(outcomes: readonly Outcome[]): ConnectionText["sign"] {
  const verdicts = outcomes.map((o) => o.first.way.verdict);
  if (verdicts.some((v) => v === "dropped" || v === "rejected")) return "bad";
  return verdicts.includes("unknown") || outcomes.some((o) => o.first.missing.length > 0) ? "unsure" : "good";
}

function explainOutcome(outcome: Outcome, several: boolean, connection: Connection, host: Host, options: DetailOptions): OutcomeText {
  const { first } = outcome;
  const { way } = first;
  const trouble = isTrouble(way.verdict);
  const lead = several ? leadWords(outcome, connection) : "";
  const tone = way.verdict === "unknown" ? "unsure" : trouble ? "bad" : "answer";
  const text = headline(first, way);
  const lines: Line[] = [{ text: `${lead ? `${sentence(lead)}: ${text}` : sentence(text)}.`, tone }];
  for (const words of evidence(first, way)) lines.push({ text: `${words}`, tone: "proof" });
  for (const [index, alternative] of first.alternatives.entries()) lines.push(...alternativeLines(first, alternative, index));
  for (const words of observationSentences(first))
    lines.push({ text: `${words}.`, tone: words.startsWith("Predicted") ? "unsure" : "proof" });
  const closest = closestSentence(first, way, host);
  const rows = trouble || options.tables ? stepRows(first, way, options.allSteps) : [];
  return { lines, rows, closing: closest ? [{ text: `${closest}`, tone: "proof" }] : [] };
}

function leadWords(outcome: Outcome, connection: Connection): string {
  const related = outcome.first.packet.transport?.kind === "icmp" && outcome.first.packet.transport.quoted !== undefined;
  if (related) return `${packetTitle(outcome.first.packet)} about it`;
  const numbered =
    outcome.packets === 1
      ? `packet ${outcome.first.frame.number}`
      : `${count(outcome.packets, "packet")}, first ${outcome.first.frame.number}`;
  const whole = outcome.packets === connection.packets ? "" : ` (${numbered})`;
  return `${outcome.reply ? "answers" : "there"}${whole}`;
}

function alternativeLines(trace: PacketTrace, way: Way, index: number): readonly Line[] {
  const condition = way.conditions.length > 0 ? way.conditions.join(" and ") : "otherwise";
  return [{ text: `${String.fromCharCode(97 + (index % 26))}) if ${condition}: ${headline(trace, way)}.`, tone: "unsure" }];
}
