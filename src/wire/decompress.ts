import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { u16, u32le } from "./octets.ts";
import { ZstdFrames } from "./zstd-frames.ts";

const GZIP_MAGIC = 0x1f8b;
const ZSTD_MAGIC = 0xfd2fb528;
const MAGIC_LENGTH = 4;
const OUTPUT_CHUNK = 1 << 18;
/** Deflate packs a thousandfold at most, so this bounds what one step unpacks. */
const INPUT_PIECE = 1 << 14;
/** A block of zstd that repeats one octet unpacks four octets to 128 kB. */
const ZSTD_PIECE = 1 << 10;
/** What zstd itself takes without being told to (zstd.h, ZSTD_WINDOWLOG_LIMIT_DEFAULT): all levels, and --long. */
const LARGEST_WINDOW = 1 << 27;
/** fzstd moves the whole window for each block: so many octets are moved before it matters that blocks are all but empty. */
const MOVED = 2 ** 38;
const SMALL_BLOCK = 1 << 12;

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

// Not piped: a stream that ends in an error would take the output before it along.
async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  let failure: Error | undefined;
  const stream = createGunzip({ chunkSize: OUTPUT_CHUNK });
  stream.on("data", (chunk: Uint8Array) => void ready.push(chunk));
  stream.on("error", (error) => {
    failure = error;
  });
  // A write that fails never calls back, but it closes the stream.
  let proceed = () => {};
  stream.once("close", () => proceed());
  try {
    for await (const chunk of chunks) {
      for (let i = 0; i < chunk.length && !failure; i += INPUT_PIECE) {
        const piece = chunk.subarray(i, i + INPUT_PIECE);
        await new Promise<void>((resolve) => {
          proceed = resolve;
          stream.write(piece, () => resolve());
        });
        yield* ready.splice(0);
      }
      if (failure) break;
    }
    await new Promise<void>((resolve) => {
      proceed = resolve;
      if (stream.closed) resolve();
      else stream.end();
    });
    yield* ready.splice(0);
    if (failure) throw new CompressionError(`the gzip data is damaged: ${words(failure)}`);
  } finally {
    stream.destroy();
  }
}

async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  let window = 0;
  let blocks = 0;
  let octets = 0;
  const stream = new Decompress((chunk) => {
    ready.push(chunk);
    blocks++;
    octets += chunk.length;
  });
  const frames = new ZstdFrames();
  const push = (chunk: Uint8Array, final: boolean) => {
    try {
      stream.push(chunk, final);
    } catch (error) {
      throw new CompressionError(`the zstd data is damaged: ${words(error)}`);
    }
  };
  for await (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i += ZSTD_PIECE) {
      // What is not unpacked yet is kept, and the next chunk may come in the memory of this one.
      const piece = new Uint8Array(chunk.subarray(i, i + ZSTD_PIECE));
      window = Math.max(window, frames.push(piece));
      // Memory of that size would be taken before there are any data for it.
      if (window > LARGEST_WINDOW) {
        throw new CompressionError(`the zstd data need a window of ${window} octets, more than the ${LARGEST_WINDOW} that are given`);
      }
      if (frames.endless) throw new CompressionError("the zstd data is damaged: a Huffman tree has no end");
      push(piece, false);
      if (blocks * window > MOVED && octets < blocks * SMALL_BLOCK)
        throw new CompressionError("the zstd data are in blocks too small to be unpacked");
      yield* ready.splice(0);
    }
  }
  push(new Uint8Array(0), true);
  yield* ready.splice(0);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
