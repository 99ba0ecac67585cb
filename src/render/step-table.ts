import stringWidth from "string-width";
import { fitRule } from "../explain/rule-words.ts";
import type { StepRow } from "../explain/steps.ts";
import { type Cell, columns } from "./columns.ts";
import { cut, type Style, spell } from "./style.ts";

const LEAST_TEXT = 24;

/** The table of a packet's steps, cut to the terminal's width. */
export function stepTable(rows: readonly StepRow[], style: Style, indent: number): string {
  const spelled = rows.map((row) => ({ ...row, hook: spell(row.hook, style), text: spell(row.text, style) }));
  const named = spelled.filter((row) => row.tone !== "quiet");
  const head = ["netns", "hook", "table", "chain", "", "rule", "line"];
  const textOf = (row: StepRow) => [row.netns, row.hook, row.table, row.chain, row.number === undefined ? "" : String(row.number)];
  const widths = head.slice(0, 5).map((title, i) => Math.max(title.length, ...named.map((row) => stringWidth(textOf(row)[i] ?? ""))));
  const withLines = named.some((row) => row.line !== undefined);
  const showNetns = new Set(named.map((row) => row.netns).filter((n) => n)).size > 1;
  const fixed = widths.map((w, i) => (i === 0 && !showNetns ? -2 : w));
  const used = fixed.reduce((a, w) => a + w + 2, indent) + (withLines ? 7 : 0);
  const room = Math.max(LEAST_TEXT, style.width - used - 1);
  const lay = (cells: readonly Cell[]) => cells.filter((_, i) => (i !== 0 || showNetns) && (i !== 6 || withLines));
  const table = [lay(head.map((text) => ({ text, tone: "quiet" as const })))];
  const lines: string[] = [];
  for (const row of spelled) {
    const tone = row.tone;
    const mark = tone === "bad" ? spell("  ✗", style) : "";
    const text = it(row.text, room - mark.length, style) + mark;
    const line = { text: row.line === undefined ? "" : String(row.line), tone, right: true };
    table.push(lay([...textOf(row).map((cell) => ({ text: cell, tone })), { text, tone }, line]));
  }
  lines.push(columns(table, style, indent));
  return lines.join("\n");
}

function _fit(text: string, width: number, style: Style): string {
  if (stringWidth(text) <= width) return text;
  return / -[jg] \S/.test(` ${text}`) ? spell(fitRule(text, style.ascii ? width - 4 : width), style) : cut(text, width, style);
}
