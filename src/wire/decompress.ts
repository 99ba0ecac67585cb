import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { u16, u32le } from "./octets.ts";

const GZIP_MAGIC = 0x1f8b;
const ZSTD_MAGIC = 0xfd2fb528;
const MAGIC_LENGTH = 4;
const OUTPUT_CHUNK = 1 << 18;

/** Compressed data that is damaged or breaks off. */
export class CompressionError extends Error {}

/** Unpacks gzip and zstd, recognised by content; anything else passes through. */
export async function* decompress(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  while (head.length < MAGIC_LENGTH) {
    const next = await source.next();
    if (next.done) break;
    head = head.length === 0 ? new Uint8Array(next.value) : Buffer.concat([head, next.value]);
  }
  const whole = prepend(head, source);
  if (u16(head, 0) === GZIP_MAGIC) yield* gunzip(whole);
  else if (u32le(head, 0) === ZSTD_MAGIC) yield* unzstd(whole);
  else yield* whole;
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: OUTPUT_CHUNK });
  const input = Readable.from(chunks, { objectMode: false });
  let inputError: Error | undefined;
  input.on("error", (error) => {
    inputError = error;
    gunzip.destroy(error);
  });
  input.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk;
  } catch (error) {
    throw inputError ?? new CompressionError(`the gzip data is damaged: ${words(error)}`);
  } finally {
    input.destroy();
  }
}

async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const stream = new Decompress((chunk) => void ready.push(chunk));
  const push = (chunk: Uint8Array, final: boolean) => {
    try {
      stream.push(chunk, final);
    } catch (error) {
      throw new CompressionError(`the zstd data is damaged: ${words(error)}`);
    }
  };
  for await (const chunk of chunks) {
    push(chunk, false);
    yield* ready.splice(0);
  }
  push(new Uint8Array(0), true);
  yield* ready.splice(0);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
