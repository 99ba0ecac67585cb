import stringWidth from "string-width";
import { fitRule } from "../explain/rule-words.ts";
import type { StepRow } from "../explain/steps.ts";
import { type Cell, columns } from "./columns.ts";
import { cut, type Style, spell } from "./style.ts";

const LEAST_TEXT = 24;
const LEAST_CHAIN = 12;
/** A rule column narrower than this is not worth the hook's own column. */
const GOOD_TEXT = 44;
const LINE_TITLE = "line";
const GAP = 2;

/** What stands left of a row's text, by the columns that the width allows. */
interface Layout {
  readonly head: readonly string[];
  readonly widths: readonly number[];
  /** Columns that every row has; the rest are for rows of chains. */
  readonly common: number;
  readonly room: number;
}

/** The table of a packet's steps, cut to the terminal's width. */
export function stepTable(rows: readonly StepRow[], style: Style, indent: number): string {
  const lines = rows.flatMap(({ line }) => (line === undefined ? [] : [String(line).length]));
  const withLine = lines.length > 0;
  const withNetns = new Set(rows.map((row) => row.netns).filter((name) => name)).size > 1;
  const space = style.width - indent - (withLine ? GAP + Math.max(LINE_TITLE.length, ...lines) : 0);
  const wide = layout(rows, style, space, withNetns, true);
  const chosen = wide.room >= GOOD_TEXT ? wide : layout(rows, style, space, withNetns, false);
  const { head, widths, common, room } = chosen;
  const whole = room + widths.slice(common).reduce((sum, width) => sum + width + GAP, 0);
  const table: Cell[][] = [];
  if (rows.some((row) => row.chain !== "")) {
    table.push([...head, "rule", ...(withLine ? [LINE_TITLE] : [])].map((text) => ({ text, tone: "quiet" })));
  }
  let netns = "";
  for (const row of rows) {
    const { tone } = row;
    const lead = leadOf(row, withNetns, head.includes("hook"), style).map((text, column) => ({
      text: row.chain === "" ? text : cut(text, widths[column] ?? 0, style),
      tone,
    }));
    if (withNetns && lead[0] && row.netns === netns) lead[0] = { text: "", tone };
    netns = row.netns || netns;
    const line: Cell[] = withLine ? [{ text: row.line === undefined ? "" : String(row.line), tone, right: true }] : [];
    const mark = tone === "bad" ? spell(" ✗", style) : "";
    if (row.chain === "")
      table.push([
        ...lead.slice(0, common),
        { text: cut(spell(row.text, style), whole, style), tone, span: head.length - common + 1 },
        ...line,
      ]);
    else table.push([...lead, { text: fitText(row, room - mark.length, style) + mark, tone }, ...line]);
  }
  return columns(table, style, indent);
}

function layout(rows: readonly StepRow[], style: Style, space: number, withNetns: boolean, withHook: boolean): Layout {
  const head = [...(withNetns ? ["netns"] : []), ...(withHook ? ["hook"] : []), "table", "chain", ""];
  const common = head.length - (withHook ? 3 : 2);
  const widths = head.map((title, column) => {
    const counted = column < common ? rows : rows.filter((row) => row.chain !== "");
    return Math.max(title.length, ...counted.map((row) => stringWidth(leadOf(row, withNetns, withHook, style)[column] ?? "")));
  });
  const room = space - widths.reduce((sum, width) => sum + width + GAP, 0);
  const chain = widths.length - 2;
  const fitted = widths.map((width, column) => (column === chain ? Math.max(LEAST_CHAIN, width - Math.max(0, LEAST_TEXT - room)) : width));
  return { head, widths: fitted, common, room: space - fitted.reduce((sum, width) => sum + width + GAP, 0) };
}

/** Without the hook's column, the table's holds what kind of step a row is. */
function leadOf(row: StepRow, withNetns: boolean, withHook: boolean, style: Style): readonly string[] {
  const kind = withHook ? [spell(row.hook, style), row.table] : [row.chain === "" ? spell(row.hook, style) : row.table];
  return [...(withNetns ? [row.netns] : []), ...kind, row.chain, row.number === undefined ? "" : String(row.number)];
}

function fitText(row: StepRow, width: number, style: Style): string {
  const text = spell(row.text, style);
  if (stringWidth(text) <= width) return text;
  return row.number !== undefined ? spell(fitRule(row.text, style.ascii ? width - 4 : width), style) : cut(text, width, style);
}
