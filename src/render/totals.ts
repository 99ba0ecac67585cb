import stringWidth from "string-width";
import { fitRule } from "../explain/rule-words.ts";
import type { Explanation } from "../explain/summary.ts";
import type { Total, TotalRow } from "../explain/totals.ts";
import { count } from "../explain/words.ts";
import { type Cell, columns } from "./columns.ts";
import { cut, paint, type Style, spell, type Tone, wrap } from "./style.ts";

const INDENT = 2;
const GAP = 2;
const LEAST_NAME = 8;
const LEAST_TEXT = 14;
/** What an ellipsis takes more where it is spelled in ASCII; a rule can have two. */
const ASCII_ROOM = 4;

const TONES: Readonly<Record<Total["kind"], Tone>> = { lost: "bad", undecided: "unsure", translated: "change" };
const VERDICT_TONES: Readonly<Record<string, Tone>> = { dropped: "bad", rejected: "bad", unknown: "unsure" };

/** The packets by verdict, on a line or two. */
export function sharesText(shares: Explanation["shares"], style: Style): string {
  const words = shares.map(({ verdict, packets, share }) => `${verdict} ${packets.toLocaleString("en-US")} (${percent(share)})`);
  const text = wrap(spell(words.join(" · "), style), style, INDENT);
  return `${text.replace(/\b(dropped|rejected|unknown)(?= \d)/g, (word) => paint(word, VERDICT_TONES[word] ?? "plain", style))}\n`;
}

/** 0.1 % at least, since 0.0 % of a million packets can be some hundred. */
function percent(share: number): string {
  if (share > 0 && share < 0.0005) return "under 0.1 %";
  return `${(share * 100).toFixed(1)} %`;
}

/** A table of totals under its title, with what it leaves out below it. */
export function totalText(total: Total, style: Style): string {
  const { rows, more, title, slack } = total;
  const of =
    more.rows > 0 ? ` (top ${rows.length} of ${more.about ? "about " : ""}${(rows.length + more.rows).toLocaleString("en-US")})` : "";
  const below: string[] = [];
  if (more.rows > 0) {
    const about = more.about ? "about " : "";
    below.push(
      `… and ${about}${count(more.rows, `more ${more.noun}`)} with ${count(more.packets, "packet")}${slack > 0 ? " or fewer" : ""} (--top)`,
    );
  }
  if (slack > 0) below.push(`Too many to count each: a row may lack up to ${count(slack, "packet")}.`);
  const notes = below.map((line) => `${paint(wrap(spell(line, style), style, INDENT), "quiet", style)}\n`).join("");
  return `${paint(spell(`${title}${of}`, style), "strong", style)}\n${columns(cells(total, style), style, INDENT)}\n${notes}`;
}

function cells(total: Total, style: Style): readonly (readonly Cell[])[] {
  const { rows, heads } = total;
  const numbers = rows.map((row) => [
    row.packets.toLocaleString("en-US"),
    `${row.about ? "~" : ""}${row.connections.toLocaleString("en-US")}`,
  ]);
  const lines = rows.some((row) => row.line !== undefined);
  const texts = rows.some((row) => row.text !== undefined);
  const fixed = [
    ...(lines ? [["line", ...rows.map(lineOf)]] : []),
    ["packets", ...numbers.map(([n]) => n)],
    ["connections", ...numbers.map(([, n]) => n)],
  ];
  const taken = fixed.reduce((sum, column) => sum + GAP + Math.max(...column.map((text) => text?.length ?? 0)), INDENT);
  const room = style.width - taken;
  const names = Math.max(...[heads[0], ...rows.map((row) => row.name)].map((name) => stringWidth(spell(name, style))));
  const nameRoom = texts ? Math.min(names, Math.max(LEAST_NAME, room - GAP - LEAST_TEXT)) : Math.min(names, room);
  const textRoom = room - nameRoom - GAP;
  const quiet = (text: string, right = false): Cell => ({ text, tone: "quiet", right });
  const head = [
    quiet(heads[0]),
    ...(lines ? [quiet("line")] : []),
    ...(texts ? [quiet(heads[1])] : []),
    quiet("packets", true),
    quiet("connections", true),
  ];
  const body = rows.map((row, i) => [
    { text: cut(spell(row.name, style), nameRoom, style), tone: TONES[total.kind] },
    ...(lines ? [{ text: lineOf(row) }] : []),
    ...(texts ? [{ text: fitted(row.text ?? "", textRoom, style) }] : []),
    ...(numbers[i] ?? []).map((text) => ({ text, right: true })),
  ]);
  return [head, ...body];
}

function lineOf(row: TotalRow): string {
  return row.line === undefined ? "" : String(row.line);
}

/** A rule keeps its target, any other text its beginning. */
function fitted(text: string, width: number, style: Style): string {
  if (!/(?:^| )-[jg] /.test(text)) return cut(spell(text, style), width, style);
  return spell(text.length <= width ? text : fitRule(text, width - (style.ascii ? ASCII_ROOM : 0)), style);
}
