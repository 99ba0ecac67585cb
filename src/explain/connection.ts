import { formatAddress } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import { frameNumber, type Packet } from "../model/packet.ts";
import type { Verdict } from "../model/trace.ts";
import { alternatives, endsOf } from "./alternatives.ts";
import { type Connection, isTrouble, type Outcome } from "./collected.ts";
import { closestSentence, evidence, observationSentences } from "./evidence.ts";
import { type StepRow, stepRows } from "./steps.ts";
import { decisionSentences, undeterminedSentences } from "./told.ts";
import { headline } from "./way.ts";
import { count, icmpWords, packetTitle, sentence } from "./words.ts";

/** A sentence of an explanation. "answer": the headline; "bad": an answer that is trouble; "proof": what supports it. */
export interface Line {
  readonly text: string;
  readonly tone: "answer" | "bad" | "unsure" | "proof";
}

/** One thing that happened to packets of a connection. */
export interface OutcomeText {
  /** Number of the connection whose steps were the same and have been shown. */
  readonly sameStepsAs?: number;
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
  /** The first packet of it in the capture. */
  readonly first: Packet;
  readonly packets: number;
  readonly outcomes: readonly OutcomeText[];
}

export interface DetailOptions {
  /** Tables of steps for every outcome, not only for trouble. */
  readonly tables: boolean;
  readonly allSteps: boolean;
}

/** Explains a connection, trouble first. */
export function explainConnection(connection: Connection, host: Host, options: DetailOptions, shown: Map<string, number>): ConnectionText {
  const outcomes = [...connection.outcomes.values()].sort((a, b) => weight(b) - weight(a));
  const once = (outcome: OutcomeText): OutcomeText => {
    const key = JSON.stringify(outcome.rows);
    const before = shown.get(key);
    if (before !== undefined && outcome.rows.length > 1) return { ...outcome, rows: [], sameStepsAs: before };
    shown.set(key, before ?? connection.flow);
    return outcome;
  };
  return {
    flow: connection.flow,
    sign: signOf(outcomes),
    title: packetTitle(connection.first.packet),
    first: connection.first.packet,
    packets: connection.packets,
    outcomes: outcomes.map((outcome) => once(explainOutcome(outcome, leadWords(outcome, outcomes), host, options))),
  };
}

function weight(outcome: Outcome): number {
  return (isTrouble(outcome.first.way.verdict) ? 2 : 0) + (outcome.reply ? 0 : 1);
}

function signOf(outcomes: readonly Outcome[]): ConnectionText["sign"] {
  const verdicts = outcomes.map((o) => o.first.way.verdict);
  if (verdicts.some((v) => v === "dropped" || v === "rejected")) return "bad";
  const unsure = outcomes.some(({ first }) => endsOf(first) > 1 || first.missing.length > 0);
  return verdicts.includes("unknown") || unsure ? "unsure" : "good";
}

function explainOutcome(outcome: Outcome, lead: string, host: Host, options: DetailOptions): OutcomeText {
  const { first } = outcome;
  const { way } = first;
  const trouble = isTrouble(way.verdict);
  const tone = way.verdict === "unknown" ? "unsure" : trouble ? "bad" : "answer";
  const ends = endsOf(first);
  const forked = ends > 1;
  const text = forked ? forkedWords(way.verdict, ends) : headline(first, way);
  const lines: Line[] = [{ text: `${lead ? `${sentence(lead)}: ${text}` : sentence(text)}.`, tone }];
  if (!forked) for (const words of evidence(first, way)) lines.push({ text: words, tone: "proof" });
  for (const words of decisionSentences(first)) lines.push({ text: `${words}.`, tone: "proof" });
  for (const words of undeterminedSentences(way)) lines.push({ text: `${words}.`, tone: "unsure" });
  for (const words of alternatives(first)) lines.push({ text: words, tone: "unsure" });
  for (const words of observationSentences(first))
    lines.push({ text: `${words}.`, tone: words.startsWith("Predicted") ? "unsure" : "proof" });
  const closest = closestSentence(first, way, host);
  const rows = !forked && (trouble || options.tables) ? stepRows(way, options.allSteps) : [];
  return { lines, rows, closing: closest ? [{ text: `${closest}`, tone: "proof" }] : [] };
}

/** Ways with several ends, which may or may not come to the same. */
function forkedWords(verdict: Verdict, ends: number): string {
  return verdict === "unknown" ? `UNDECIDED: it can have ended in ${ends} ways` : `${verdict} in one of ${ends} ways`;
}

/** Which packets an outcome is about; nothing when there is no doubt. */
function leadWords(outcome: Outcome, outcomes: readonly Outcome[]): string {
  const { packet, frame } = outcome.first;
  const sameWay = outcomes.filter((other) => other.reply === outcome.reply);
  const numbered =
    outcome.packets === 1 ? `packet ${frameNumber(frame)}` : `${count(outcome.packets, "packet")} from packet ${frameNumber(frame)} on`;
  if (outcomes.length === 1) return "";
  if (packet.transport?.kind === "icmp" && packet.transport.quoted) {
    return `ICMP ${icmpWords(packet, packet.transport)} from ${formatAddress(packet.src)} (${numbered})`;
  }
  if (sameWay.length === 1 && !outcome.reply) return "";
  const who = outcome.reply ? (outcome.packets === 1 ? "answer" : "answers") : "";
  if (sameWay.length === 1) return who;
  return who ? `${who} (${numbered})` : numbered;
}
