import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** What the reader's terminal can show. */
export interface Style {
  readonly width: number;
  readonly colour: boolean;
  readonly ascii: boolean;
}

/** What a piece of text is, which decides its colour; never the only sign, since words say the same. */
export type Tone = "plain" | "bad" | "good" | "unsure" | "change" | "quiet" | "strong";

const CODES: Readonly<Record<Tone, string>> = {
  plain: "",
  bad: "\u001b[1;31m",
  good: "\u001b[32m",
  unsure: "\u001b[33m",
  change: "\u001b[36m",
  quiet: "\u001b[2m",
  strong: "\u001b[1m",
};

const ASCII: Readonly<Record<string, string>> = {
  "→": "->",
  "⇒": "=>",
  "…": "...",
  "·": "-",
  "✓": "+",
  "✗": "x",
  "×": "x",
  "─": "-",
  "│": "|",
  µ: "u",
};

/** Text in the characters that the terminal has, none of which it would obey. To be called before widths are measured and colours are put in. */
export function spell(text: string, style: Style): string {
  const shown = text.replace(/[^\P{Cc}\n\t]/gu, "·");
  return style.ascii ? shown.replace(/[→⇒…·✓✗×─│µ]/g, (c) => ASCII[c] ?? c) : shown;
}

/** Text in a colour, if colours are on. */
export function paint(text: string, tone: Tone, style: Style): string {
  return style.colour && CODES[tone] && text ? `${CODES[tone]}${text}\u001b[0m` : text;
}

/** Text wrapped to the width, every line but the first indented by `indent` (the first by `first`). */
export function wrap(text: string, style: Style, indent: number, first = indent): string {
  const width = Math.max(20, style.width - Math.max(indent, first));
  const lines = wrapAnsi(text, width, { hard: true, trim: true }).split("\n");
  return lines.map((line, i) => " ".repeat(i === 0 ? first : indent) + line).join("\n");
}

/** Text filled up with blanks to a width as a terminal shows it. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

/** Text cut to a width as a terminal shows it, with an ellipsis for what is missing. */
export function cut(text: string, width: number, style: Style): string {
  if (stringWidth(text) <= width) return text;
  const mark = spell("…", style);
  let short = text;
  while (short && stringWidth(short) + mark.length > width) short = short.slice(0, -1);
  return short.trimEnd() + mark;
}
