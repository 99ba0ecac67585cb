import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import type { DetailRow, PacketDetail } from "../explain/packet-detail.ts";
import { pad, paint, type Style, spell, wrap } from "./style.ts";

const LINE_COLUMN = 11;
const LEAST_TEXT = 30;
const SIGNS = { good: "✓", bad: "✗", unsure: "?" } as const;

/** One packet with every step, as text. */
export function packetPage(detail: PacketDetail, style: Style): string {
  const parts = [paint(wrap(spell(detail.title, style), style, 2, 0), "strong", style), ""];
  parts.push(paint(wrap(spell(`${SIGNS[detail.sign]} ${detail.headline}`, style), style, 2, 0), detail.sign, style));
  for (const way of detail.ways) {
    parts.push("");
    if (way.condition !== undefined) parts.push(wrap(spell(`${way.condition}: ${way.headline}`, style), style, 2, 0), "");
    parts.push(rowsText(way.rows, style));
  }
  if (detail.closing.length > 0) parts.push("", ...detail.closing.map((text) => wrap(spell(text, style), style, 2, 0)));
  return `${parts.join("\n")}\n`;
}

function rowsText(rows: readonly DetailRow[], style: Style): string {
  const widest = (pick: (row: DetailRow) => string) => Math.max(0, ...rows.map((row) => stringWidth(pick(row)) + 2));
  const several = new Set(rows.map((row) => row.netns)).size > 1;
  const netns = several ? widest((row) => row.netns) : 0;
  const hook = widest((row) => row.hook);
  const what = widest((row) => row.what);
  const digits = String(rows.length).length;
  const lead = digits + 2 + netns + hook + what;
  let before: DetailRow | undefined;
  const lines = rows.map((row, index) => {
    const sameNetns = before?.netns === row.netns;
    const sameHook = sameNetns && before?.hook === row.hook;
    before = row;
    const start = [
      `${String(index + 1).padStart(digits)}  `,
      several ? pad(sameNetns ? "" : row.netns, netns) : "",
      pad(sameHook ? "" : row.hook, hook),
      pad(row.what, what),
    ];
    return start.join("") + bodyText(row, lead, style);
  });
  return lines.join("\n");
}

/** Place and text, wrapped rather than cut, with the line number at the right; remarks below. */
function bodyText(row: DetailRow, lead: number, style: Style): string {
  const room = Math.max(LEAST_TEXT, style.width - lead - LINE_COLUMN);
  const text = spell(row.place ? `${row.place}: ${row.text}` : row.text, style);
  const [first = "", ...rest] = wrapAnsi(text, room, { hard: true }).split("\n");
  const line = row.line === undefined ? "" : `line ${row.line}`.padStart(LINE_COLUMN);
  const head = paint(`${line ? pad(first, room) : first}${line}`, row.tone, style);
  const more = rest.map((part) => `\n${" ".repeat(lead + 2)}${paint(part, row.tone, style)}`);
  const remarkTone = row.tone === "quiet" ? "quiet" : "change";
  const remarks = row.remarks.map((remark) => `\n${paint(wrap(spell(remark, style), style, lead + 4, lead + 2), remarkTone, style)}`);
  return head + more.join("") + remarks.join("");
}
