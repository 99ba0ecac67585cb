import { StringDecoder } from "node:string_decoder";
import { LONGEST_LINE } from "../../../grammars/words.ts";
import type { Frame } from "../../model/packet.ts";
import type { Problem } from "../../model/problem.ts";
import { TcpdumpReader } from "./reader.ts";

/** Some frames of a text, in order, and the lines since the last ones that could not be read. */
export interface TextBatch {
  readonly frames: readonly Frame[];
  readonly digits: 6 | 9;
  readonly problems: readonly Problem[];
}

/** Cuts octets into lines; of a line without end only the beginning is kept. */
class Lines {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  /** The lines that end in these octets. */
  *push(octets: Uint8Array): Generator<string> {
    const text = this.#decoder.write(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength));
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#add(text, start, end);
      yield this.#line();
      start = end + 1;
    }
    this.#add(text, start, text.length);
  }

  /** The last line, which nothing ends. */
  *finish(): Generator<string> {
    this.#rest += this.#decoder.end();
    if (this.#rest !== "") yield this.#line();
  }

  #add(text: string, start: number, end: number): void {
    const room = LONGEST_LINE - this.#rest.length;
    if (room > 0) this.#rest += text.slice(start, Math.min(end, start + room));
  }

  #line(): string {
    const line = this.#rest;
    this.#rest = "";
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}

/**
 * Reads tcpdump's text piece by piece, as `tcpdump -l` writes it; `name` is for messages, `near` a time of its day where it shows none. Whoever gives
 * a reader can ask it for the last packet before the next one begins.
 */
export async function* readTcpdump(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  near?: bigint,
  reader = new TcpdumpReader(name, near),
): AsyncGenerator<TextBatch> {
  const lines = new Lines();
  let told = 0;
  const batch = (frames: readonly Frame[]): TextBatch => {
    const problems = reader.problems.slice(told);
    told = reader.problems.length;
    return { frames, digits: reader.digits, problems };
  };
  for await (const chunk of chunks) {
    for (const line of lines.push(chunk)) reader.push(line);
    yield batch(reader.take());
  }
  for (const line of lines.finish()) reader.push(line);
  yield batch(reader.finish());
}
