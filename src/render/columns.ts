import Table from "cli-table3";
import stringWidth from "string-width";
import { pad, paint, type Style, type Tone } from "./style.ts";

/** A cell and how it is to look. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
  readonly right?: boolean;
  /** Number of columns that it takes, 1 if not given. */
  readonly span?: number;
}

type Row = readonly Cell[];

/** cli-table3 takes quadratic time, so that long tables are set by hand. */
const TABLE_MOST = 200;
const GAP = 2;

const SIDES = ["top", "bottom", "left", "right"].flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]);
const NO_LINES = Object.fromEntries([...SIDES, "mid", "mid-mid", "middle"].map((name) => [name, ""]));

/** Cells in columns, two blanks between them, each line indented; texts must have been cut to the terminal's width already. */
export function columns(rows: readonly Row[], style: Style, indent: number): string {
  const widths = widthsOf(rows);
  const lines = rows.length <= TABLE_MOST ? tableText(rows, widths, style) : plainText(rows, widths, style);
  return lines.map((line) => (" ".repeat(indent) + line).trimEnd()).join("\n");
}

/** The width of each column; a cell over several makes the last but one of them wide enough, since the last holds line numbers. */
function widthsOf(rows: readonly Row[]): readonly number[] {
  const widths: number[] = [];
  const spanning: { readonly at: number; readonly span: number; readonly width: number }[] = [];
  for (const row of rows) {
    let at = 0;
    for (const cell of row) {
      const width = stringWidth(cell.text);
      if (cell.span !== undefined && cell.span > 1) spanning.push({ at, span: cell.span, width });
      else widths[at] = Math.max(widths[at] ?? 0, width);
      at += cell.span ?? 1;
    }
  }
  for (const { at, span, width } of spanning) {
    const last = at + span - 1;
    widths[last] = Math.max(widths[last] ?? 0, width - spanWidth(widths, at, span - 1) - GAP);
  }
  return widths;
}

function spanWidth(widths: readonly number[], at: number, span: number): number {
  const inside = widths.slice(at, at + span).reduce((sum, width) => sum + width, 0);
  return inside + Math.max(0, span - 1) * GAP;
}

function tableText(rows: readonly Row[], widths: readonly number[], style: Style): readonly string[] {
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": GAP, head: [], border: [] },
    colWidths: widths.map((width) => width + GAP),
  });
  for (const row of rows) {
    table.push(
      row.map((cell) => ({
        content: paint(cell.text, cell.tone ?? "plain", style),
        colSpan: cell.span ?? 1,
        hAlign: cell.right ? ("right" as const) : ("left" as const),
      })),
    );
  }
  return table.toString().split("\n");
}

function plainText(rows: readonly Row[], widths: readonly number[], style: Style): readonly string[] {
  return rows.map((row) => {
    let at = 0;
    const cells = row.map((cell) => {
      const width = spanWidth(widths, at, cell.span ?? 1);
      at += cell.span ?? 1;
      return paint(cell.right ? cell.text.padStart(width) : pad(cell.text, width), cell.tone ?? "plain", style);
    });
    return cells.join(" ".repeat(GAP));
  });
}
