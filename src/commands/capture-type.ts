import { Flags } from "@oclif/core";
import { looksLikeTcpdump } from "../parse/tcpdump/reader.ts";
import { looksLikeCapture } from "../wire/capture.ts";
import { CompressionError } from "../wire/decompress.ts";
import { InputFailure } from "./failure.ts";

/** What packets are read from. */
export type CaptureType = "capture" | "tcpdump";

const TYPES = ["capture", "tcpdump"] as const;
/** Text is known by its first lines. */
const ENOUGH = 1 << 16;

/** What the packets are read from, when that is not to be told by content. */
export const captureTypeFlag = Flags.option({
  summary: "what the packets are read from, when the content is not to decide: a capture file, or the text of tcpdump",
  options: TYPES,
})();

/** Unpacked input with what its beginning shows it to be. */
interface Recognised {
  readonly isText: boolean;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Tells tcpdump's text from captures by the first line that says something, or by what the user says. */
export async function recognise(name: string, chunks: AsyncGenerator<Uint8Array>, type: CaptureType | undefined): Promise<Recognised> {
  const head: Uint8Array[] = [];
  let size = 0;
  let isText = type === "tcpdump";
  let failure: unknown;
  try {
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      head.push(new Uint8Array(next.value));
      size += next.value.length;
      const start = Buffer.concat(head);
      if (type === "tcpdump" && looksLikeCapture(start))
        throw new InputFailure([{ file: name, message: "this is a capture, expected the text of tcpdump", hint: "leave --type away" }]);
      if (type !== undefined || looksLikeCapture(start) || start.includes(0)) break;
      isText = start.includes(NEWLINE) && looksLikeTcpdump(start.toString("utf8", 0, ENOUGH));
      if (isText || size >= ENOUGH) break;
    }
    if (type === undefined && !isText && size > 0 && size < ENOUGH) isText = looksLikeTcpdump(Buffer.concat(head).toString("utf8"));
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    failure = error;
  }
  return { isText, chunks: joined(head, chunks, failure) };
}

const NEWLINE = 10;

async function* joined(head: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>, failure: unknown): AsyncGenerator<Uint8Array> {
  try {
    yield* head;
    if (failure) throw failure;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
