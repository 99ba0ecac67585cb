import type { Style } from "../render/style.ts";

/** So many octets are due to be written. */
const BATCH = 1 << 17;
/** Room for a batch and the line that makes it full. */
const ROOM = 1 << 18;
/** An UTF-16 unit has at most so many octets in UTF-8. */
const LONGEST = 3;
/** Numbers up to this are divided as integers of 32 bits. */
const LARGEST = 2 ** 31 - 1;
const NARROWEST = 40;
const PIPED_WIDTH = 100;

/** Standard output, written in large pieces and no faster than it is taken. */
export class Output {
  #buffer = Buffer.allocUnsafeSlow(ROOM);
  #used = 0;

  /** Takes text; what is due is written. */
  write(text: string): Promise<void> | undefined {
    this.put(text);
    return this.due();
  }

  /** Takes text or its octets, and writes nothing yet. */
  put(piece: string | Uint8Array): void {
    if (typeof piece !== "string") {
      this.#makeRoom(piece.length);
      this.#buffer.set(piece, this.#used);
      this.#used += piece.length;
      return;
    }
    if (piece.length * LONGEST > this.#buffer.length - this.#used) this.#makeRoom(Buffer.byteLength(piece));
    this.#used += this.#buffer.write(piece, this.#used);
  }

  /** Puts a whole number that is not negative. */
  number(value: number): void {
    if (value > LARGEST) {
      this.put(`${value}`);
      return;
    }
    let digits = 1;
    for (let more = value; more >= 10; more = (more / 10) | 0) digits++;
    this.#makeRoom(digits);
    const end = this.#used + digits;
    let rest = value;
    for (let at = end - 1; at >= this.#used; at--) {
      const tenth = (rest / 10) | 0;
      this.#buffer[at] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    this.#used = end;
  }

  /** Writes what was put, if it is much. */
  due(): Promise<void> | undefined {
    return this.#used >= BATCH ? this.flush() : undefined;
  }

  /** Writes what is left. */
  async flush(): Promise<void> {
    if (this.#used === 0) return;
    const { stdout } = process;
    const goesOn = stdout.write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
    // What is still on its way must not be written over, and room for long lines is not kept.
    if (stdout.writableLength > 0 || this.#buffer.length > ROOM) this.#buffer = Buffer.allocUnsafeSlow(ROOM);
    if (!goesOn) await new Promise((resolve) => stdout.once("drain", resolve));
  }

  #makeRoom(octets: number): void {
    if (octets <= this.#buffer.length - this.#used) return;
    const roomy = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#used + octets));
    this.#buffer.copy(roomy, 0, 0, this.#used);
    this.#buffer = roomy;
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
