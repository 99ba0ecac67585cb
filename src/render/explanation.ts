import stringWidth from "string-width";
import type { ConnectionText, Line, OutcomeText } from "../explain/connection.ts";
import type { Explanation } from "../explain/summary.ts";
import { count } from "../explain/words.ts";
import { columns } from "./columns.ts";
import { stepTable } from "./step-table.ts";
import { cut, paint, type Style, spell, type Tone, wrap } from "./style.ts";

const SIGNS = { good: "✓", bad: "✗", unsure: "?" } as const;

/** The explanation of a capture as text, in pieces that can be written one after the other. */
export function* explanationText(explanation: Explanation, style: Style): Generator<string> {
  if (explanation.headline) yield `${paint(wrap(spell(explanation.headline, style), style, 0), "strong", style)}\n`;
  for (const note of explanation.notes) yield `${wrap(spell(note, style), style, 0)}\n`;
  yield* totals(explanation, style);
  const indent = Math.max(5, ...explanation.connections.map((c) => String(c.flow).length + 4));
  let gap = explanation.headline ? "\n" : "";
  for (const connection of explanation.connections) {
    yield `${gap}${connectionText(connection, style, indent)}`;
    gap = "\n";
  }
  if (explanation.hidden > 0) {
    const text = `${count(explanation.hidden, "more connection")} not shown: --all shows every one; --verdict, --flow, --protocol and --address choose.`;
    yield `\n${wrap(spell(text, style), style, 0)}\n`;
  }
  if (explanation.assumptions.length > 0) yield `\n${assumptionsText(explanation.assumptions, style)}`;
}

function* totals(explanation: Explanation, style: Style): Generator<string> {
  const { shares, troubles, translations } = explanation;
  if (shares.length > 0) {
    const words = shares.map((s) => `${s.verdict} ${s.packets.toLocaleString("en-US")} (${(s.share * 100).toFixed(1)} %)`);
    yield `\n${wrap(spell(words.join(" · "), style), style, 2)}\n`;
  }
  if (troubles.length > 0) {
    yield `\n${paint("Where packets were lost", "strong", style)}\n`;
    const head = ["", "line", "rule or reason", "packets", "connections"].map((text, i) => ({
      text,
      tone: "quiet" as const,
      right: i > 2,
    }));
    const room = Math.max(16, style.width - 44 - Math.max(...troubles.map((t) => t.place.length)));
    const rows = troubles
      .slice(0, 20)
      .map((t) => [
        { text: t.place, tone: "bad" as const },
        { text: t.line === undefined ? "" : String(t.line) },
        { text: cut(spell(t.text, style), room, style) },
        { text: t.packets.toLocaleString("en-US"), right: true },
        { text: t.connections.toLocaleString("en-US"), right: true },
      ]);
    yield `${columns([head, ...rows], style, 2)}\n`;
  }
  if (translations.length > 0) {
    const of =
      explanation.translationsInAll > translations.length ? ` (top ${translations.length} of ${explanation.translationsInAll})` : "";
    yield `\n${paint(`Where translations went${of}`, "strong", style)}\n`;
    const rows = translations.map((t) => [{ text: spell(t.text, style) }, { text: count(t.packets, "packet"), right: true }]);
    yield `${columns(rows, style, 2)}\n`;
  }
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
