import Table from "cli-table3";
import stringWidth from "string-width";
import { pad, paint, type Style, type Tone } from "./style.ts";

/** A cell and how it is to look. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
  readonly right?: boolean;
}

/** cli-table3 takes quadratic time, so that long tables are set by hand. */
const TABLE_MOST = 200;

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

/** Cells in columns, two blanks between them, each line indented; cells must fit the width already. */
export function columns(rows: readonly (readonly Cell[])[], style: Style, indent: number): string {
  const margin = " ".repeat(indent);
  const body = rows.length <= TABLE_MOST ? tableText(rows, style) : plainText(rows, style);
  return body.map((line) => (margin + line).trimEnd()).join("\n");
}

function tableText(rows: readonly (readonly Cell[])[], style: Style): readonly string[] {
  const aligned = rows[0]?.map((_, i) => (rows.some((row) => row[i]?.right) ? ("right" as const) : ("left" as const))) ?? [];
  const table = new Table({ chars: NO_LINES, style: { "padding-left": 0, "padding-right": 2, head: [], border: [] }, colAligns: aligned });
  table.push(...rows.map((row) => row.map((cell) => paint(cell.text, cell.tone ?? "plain", style))));
  return table.toString().split("\n");
}

function plainText(rows: readonly (readonly Cell[])[], style: Style): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, stringWidth(cell.text));
  }
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const width = widths[i] ?? 0;
        const text = cell.right ? cell.text.padStart(width) : pad(cell.text, width);
        return paint(text, cell.tone ?? "plain", style);
      })
      .join("  "),
  );
}
