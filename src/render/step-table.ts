import stringWidth from "string-width";
import { fitRule } from "../explain/rule-words.ts";
import type { StepRow } from "../explain/steps.ts";
import { type Cell, columns } from "./columns.ts";
import { cut, type Style, spell } from "./style.ts";

const LEAST_TEXT = 24;
const LINE_COLUMN = 8;
const GAP = 2;

/** The table of a packet's steps, cut to the terminal's width. */
export function stepTable(rows: readonly StepRow[], style: Style, indent: number): string {
  const inChain = rows.filter((row) => row.chain !== "");
  const withNetns = new Set(rows.map((row) => row.netns).filter((name) => name)).size > 1;
  const withLine = rows.some((row) => row.line !== undefined);
  const lead = (row: StepRow): readonly string[] => {
    const place = [row.table, row.chain, row.number === undefined ? "" : String(row.number)];
    return [...(withNetns ? [row.netns] : []), spell(row.hook, style), ...place];
  };
  const head = [...(withNetns ? ["netns"] : []), "hook", "table", "chain", ""];
  const widths = head.map((title, i) => {
    const counted = title === "netns" || title === "hook" ? rows : inChain;
    return Math.max(title.length, ...counted.map((row) => stringWidth(lead(row)[i] ?? "")));
  });
  const taken = (from: number, to: number) => widths.slice(from, to).reduce((sum, width) => sum + width + GAP, 0);
  const room = Math.max(LEAST_TEXT, style.width - indent - taken(0, widths.length) - (withLine ? LINE_COLUMN : 0));
  const first = withNetns ? 2 : 1;
  const wide = room + taken(first, widths.length);
  const quiet = (text: string): Cell => ({ text, tone: "quiet" });
  const table: Cell[][] = inChain.length > 0 ? [[...head, "rule", ...(withLine ? ["line"] : [])].map(quiet)] : [];
  let before: StepRow | undefined;
  for (const row of rows) {
    const { tone } = row;
    const mark = tone === "bad" ? spell(" ✗", style) : "";
    const line: Cell[] = withLine ? [{ text: row.line === undefined ? "" : String(row.line), tone, right: true }] : [];
    const cells = lead(row).map((text) => ({ text, tone }));
    if (row.netns && before?.netns === row.netns && withNetns && cells[0]) cells[0] = { ...cells[0], text: "" };
    before = row.netns ? row : before;
    const isRule = row.chain !== "";
    const text = fitText(row, (isRule ? room : wide) - mark.length, style) + mark;
    table.push(isRule ? [...cells, { text, tone }, ...line] : [...cells.slice(0, first), { text, tone, span: 4 }, ...line]);
  }
  return columns(table, style, indent);
}

function fitText(row: StepRow, width: number, style: Style): string {
  const text = spell(row.text, style);
  if (stringWidth(text) <= width) return text;
  return row.number !== undefined ? spell(fitRule(row.text, style.ascii ? width - 4 : width), style) : cut(text, width, style);
}
