import stringWidth from "string-width";
import type { ConnectionText, Line, OutcomeText } from "../explain/connection.ts";
import type { Explanation } from "../explain/summary.ts";
import { count, list } from "../explain/words.ts";
import { stepTable } from "./step-table.ts";
import { cut, paint, type Style, spell, type Tone, wrap } from "./style.ts";
import { sharesText, totalText } from "./totals.ts";

/** Endings of connections without trouble. */
const WENT: Readonly<Record<string, string>> = { delivered: "delivered", forwarded: "passed on", queued: "held back" };

const SIGNS = { good: "✓", bad: "✗", unsure: "?" } as const;

/** The explanation of a capture as text, in pieces that can be written one after the other. */
export function* explanationText(explanation: Explanation, style: Style): Generator<string> {
  if (explanation.headline) yield `${paint(wrap(spell(explanation.headline, style), style, 0), "strong", style)}\n`;
  for (const note of explanation.notes) yield `${wrap(spell(note, style), style, 0)}\n`;
  if (explanation.shares.length > 0) yield `\n${sharesText(explanation.shares, style)}`;
  for (const total of explanation.totals) yield `\n${totalText(total, style)}`;
  const indent = Math.max(5, ...explanation.connections.map((c) => String(c.flow).length + 4));
  let gap = explanation.headline ? "\n" : "";
  for (const connection of explanation.connections) {
    yield `${gap}${connectionText(connection, style, indent)}`;
    gap = "\n";
  }
  const hidden = hiddenText(explanation.hidden);
  if (hidden) yield `\n${wrap(spell(hidden, style), style, 0)}\n`;
  if (explanation.assumptions.length > 0) yield `\n${assumptionsText(explanation.assumptions, style)}`;
}

/** What became of the connections that are not shown, and how to see them. */
function hiddenText({ trouble, expected }: Explanation["hidden"]): string {
  const all = expected.reduce((sum, { connections }) => sum + connections, 0);
  const number = (n: number) => n.toLocaleString("en-US");
  const several = expected.length > 1;
  const words = list(expected.map(({ ending, connections }) => `${several ? `${number(connections)} ` : ""}${WENT[ending] ?? ending}`));
  const parts = [
    ...(trouble > 0 ? [count(trouble, "more connection").concat(" with trouble")] : []),
    ...(all > 0
      ? [`${trouble > 0 ? number(all) : count(all, "connection")} ${several ? `as expected, ${words}` : `${words} as expected`}`]
      : []),
  ];
  const choose = trouble > 0 ? "; --top, --verdict, --flow, --protocol and --address choose" : "";
  return parts.length > 0 ? `… and ${list(parts)} (--all)${choose}` : "";
}

function connectionText(connection: ConnectionText, style: Style, indent: number): string {
  const tone: Tone = connection.sign;
  const packets = count(connection.packets, "packet");
  const start = `${spell(SIGNS[connection.sign], style)} ${connection.flow}`;
  const title = cut(spell(connection.title, style), style.width - indent - packets.length - 2, style);
  const gap = " ".repeat(Math.max(2, Math.min(style.width, 100) - indent - stringWidth(title) - packets.length));
  const head = `${paint(start, tone, style)}${" ".repeat(Math.max(1, indent - start.length))}${paint(title, "strong", style)}${gap}${packets}`;
  const outcomes = connection.outcomes.map((outcome, i) => {
    const gap = connection.outcomes[i - 1]?.rows.length ? "\n" : "";
    return gap + outcomeText(outcome, connection.flow, style, indent);
  });
  return `${[head, ...outcomes].join("\n")}\n`;
}

function outcomeText(outcome: OutcomeText, flow: number, style: Style, indent: number): string {
  const parts = outcome.lines.map((line) => lineText(line, style, indent));
  if (outcome.rows.length > 0) parts.push("", stepTable(outcome.rows, style, indent));
  if (outcome.sameStepsAs !== undefined) {
    const where = outcome.sameStepsAs === flow ? "above" : `for connection ${outcome.sameStepsAs}`;
    parts.push(`${" ".repeat(indent)}${paint(`Steps as ${where}.`, "quiet", style)}`);
  }
  for (const line of outcome.closing) parts.push(lineText(line, style, indent));
  return parts.join("\n");
}

function lineText(line: Line, style: Style, indent: number): string {
  const text = wrap(spell(line.text, style), style, line.tone === "proof" || line.text.startsWith("- ") ? indent + 2 : indent, indent);
  if (line.tone !== "bad" && line.tone !== "unsure") return text;
  const word = line.tone === "bad" ? /DROPPED|REJECTED/ : /UNDECIDED|Predicted/;
  return text.replace(word, (found) => paint(found, line.tone === "bad" ? "bad" : "unsure", style));
}

/** What was taken for granted, each with what replaces it. */
export function assumptionsText(assumptions: Explanation["assumptions"], style: Style): string {
  const lines = assumptions.map(({ text, flag, more }) => {
    const others = more > 0 ? `, and ${more} more of this kind` : "";
    return wrap(spell(`- ${text.replace(/\.$/, "")}${others}${flag ? `. Better: ${flag}` : ""}`, style), style, 4, 2);
  });
  return `${[paint("Taken for granted:", "unsure", style), ...lines].join("\n")}\n`;
}
