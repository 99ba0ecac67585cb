import stringWidth from "string-width";
import type { DetailRow, PacketDetail } from "../explain/packet-detail.ts";
import { fitRule } from "../explain/rule-words.ts";
import { cut, pad, paint, type Style, spell, wrap } from "./style.ts";

/** One packet with every step, as text. */
export function packetPage(detail: PacketDetail, style: Style): string {
  const sign = { good: "✓", bad: "✗", unsure: "?" }[detail.sign];
  const parts = [paint(wrap(spell(detail.title, style), style, 2, 0), "strong", style), ""];
  parts.push(paint(wrap(spell(`${sign} ${detail.headline}`, style), style, 2, 0), detail.sign, style));
  for (const way of detail.ways) {
    parts.push("");
    if (way.condition !== undefined) parts.push(wrap(spell(`If ${way.condition}: ${way.headline}`, style), style, 2, 0), "");
    parts.push(rowsText(way.rows, style));
  }
  if (detail.closing.length > 0) parts.push("", ...detail.closing.map((text) => wrap(spell(text, style), style, 2, 0)));
  return `${parts.join("\n")}\n`;
}

function rowsText(rows: readonly DetailRow[], style: Style): string {
  const widest = (pick: (row: DetailRow) => string) => Math.max(0, ...rows.map((row) => stringWidth(pick(row))));
  const several = new Set(rows.map((row) => row.netns)).size > 1;
  const digits = String(rows.length).length;
  const netns = several ? widest((r) => r.netns) + 2 : 0;
  const hook = widest((r) => r.hook) + 2;
  const what = widest((r) => r.what) + 2;
  const place = widest((r) => r.place) + 2;
  const lead = digits + 2 + netns + hook + what;
  const room = Math.max(24, style.width - lead - place - 10);
  let before: DetailRow | undefined;
  return rows
    .map((row, index) => {
      const same = before && before.netns === row.netns && before.hook === row.hook;
      before = row;
      const text = row.place ? row.text : cut(spell(row.text, style), room + place, style);
      const body = row.place ? `${pad(row.place, place)}${pad(fitText(row, text, room, style), room)}` : text;
      const line = row.line === undefined ? "" : `  line ${row.line}`;
      const start = `${String(index + 1).padStart(digits)}  ${several ? pad(same ? "" : row.netns, netns) : ""}${pad(same ? "" : row.hook, hook)}${pad(row.what, what)}`;
      const remarks = row.remarks.map(
        (r) => `\n${paint(wrap(spell(r, style), style, lead + 4, lead + 2), row.tone === "quiet" ? "quiet" : "change", style)}`,
      );
      return `${start}${paint(`${body}${line}`.trimEnd(), row.tone, style)}${remarks.join("")}`;
    })
    .join("\n");
}

function fitText(row: DetailRow, text: string, room: number, style: Style): string {
  const spelled = spell(text, style);
  if (stringWidth(spelled) <= room) return spelled;
  return row.line === undefined ? cut(spelled, room, style) : spell(fitRule(spelled, style.ascii ? room - 4 : room), style);
}
