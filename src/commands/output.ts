import type { Style } from "../render/style.ts";

const BATCH = 1 << 16;
const NARROWEST = 40;
const PIPED_WIDTH = 100;

/** Standard output, written in large pieces and no faster than it is taken. */
export class Output {
  #pending: string[] = [];
  #size = 0;

  /** Takes text; what is due is written. */
  write(text: string): Promise<void> | undefined {
    this.#pending.push(text);
    this.#size += text.length;
    return this.#size >= BATCH ? this.flush() : undefined;
  }

  /** Writes what is left. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const text = this.#pending.join("");
    this.#pending = [];
    this.#size = 0;
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}

/** What standard output can show: its width, and colour when it is a terminal and NO_COLOR is not set. */
export function terminalStyle(ascii: boolean): Style {
  const terminal = process.stdout.isTTY === true;
  const said = Number(process.env["COLUMNS"]);
  const width = (terminal ? process.stdout.columns : undefined) || said || PIPED_WIDTH;
  const { NO_COLOR, TERM } = process.env;
  return { width: Math.max(NARROWEST, width), colour: terminal && !NO_COLOR && TERM !== "dumb", ascii };
}

/** A remark on standard error. */
export function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}
