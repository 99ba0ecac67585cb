import { createReadStream, existsSync, open } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { looksLikeCapture } from "../wire/capture.ts";
import { CompressionError, decompress } from "../wire/decompress.ts";
import { InputFailure } from "./failure.ts";
import { filePieces, PIECE } from "./file-pieces.ts";

/** An input that can be read once, and its size where that is known. */
export interface Input {
  readonly name: string;
  readonly size?: number;
  /** Its octets, in pieces of a size if that matters; a piece is good until the next one is asked for. */
  chunks(piece?: number): AsyncIterable<Uint8Array>;
  /** Stops a read that would wait for more. */
  close?(): void;
}

/** What is said of a folder that is a snapshot. */
const SNAPSHOT_HINT = "a snapshot folder goes with --snapshot";

/** Opens a file, or standard input for "-". Says at once when it is missing, a directory or not readable. */
export async function openInput(path: string, expected: string): Promise<Input> {
  if (path === "-") return { name: "(standard input)", chunks: () => process.stdin, close: () => process.stdin.destroy() };
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => fail(path, reasonOf(error), expected));
  if (found.isDirectory()) {
    const hint = existsSync(join(path, "netns")) ? { hint: SNAPSHOT_HINT } : {};
    throw new InputFailure([{ file: path, message: `this is a directory, expected ${expected}`, ...hint }]);
  }
  if (found.isFIFO()) return openPipe(path, expected);
  if (found.isFile()) return { name: path, size: found.size, chunks: (piece = PIECE) => readable(filePieces(path, piece), path, expected) };
  return { name: path, chunks: (piece = PIECE) => readable(createReadStream(path, { highWaterMark: piece }), path, expected) };
}

/** A pipe with a name, or one that a shell made (`<(tcpdump -w -)`): as a socket, a read of it can be stopped. */
async function openPipe(path: string, expected: string): Promise<Input> {
  const fd = await promisify(open)(path, "r").catch((error: NodeJS.ErrnoException) => fail(path, reasonOf(error), expected));
  const pipe = new Socket({ fd, readable: true, writable: false });
  return { name: path, chunks: () => readable(pipe, path, expected), close: () => pipe.destroy() };
}

async function* readable(pieces: AsyncIterable<Uint8Array>, path: string, expected: string): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    fail(path, reasonOf(error as NodeJS.ErrnoException), expected);
  }
}

function fail(path: string, reason: string, expected: string): never {
  throw new InputFailure([{ file: path, message: `${reason}, expected ${expected}` }]);
}

/** Why a file cannot be read, in words. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    ENOTDIR: "there is no such file",
    EACCES: "it may not be read (permission denied)",
    EISDIR: "this is a directory",
    ENAMETOOLONG: "the name is too long",
  };
  return reasons[error.code ?? ""] ?? `it cannot be read (${error.code ?? error.message})`;
}

/** All octets of an input, unpacked. */
export async function readBytes(path: string, expected: string): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const input = await openInput(path, expected);
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of decompress(input.chunks())) pieces.push(new Uint8Array(piece));
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    throw new InputFailure([{ file: input.name, message: error.message }]);
  }
  return { name: input.name, bytes: Buffer.concat(pieces) };
}

/** A text input. What is empty, a capture or binary is refused with a sentence that says so. */
export async function readText(path: string, expected: string): Promise<{ readonly name: string; readonly text: string }> {
  const { name, bytes } = await readBytes(path, expected);
  return { name, text: textOf(name, bytes, expected) };
}

/** The text that octets are. What is empty, a capture or binary is refused with a sentence that says so. */
export function textOf(name: string, bytes: Uint8Array, expected: string): string {
  if (bytes.length === 0) throw new InputFailure([{ file: name, message: `the file is empty, expected ${expected}` }]);
  if (looksLikeCapture(bytes)) throw new InputFailure([{ file: name, message: `this is a capture, expected ${expected}` }]);
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw new InputFailure([{ file: name, offset: zero, message: `this is binary data, expected ${expected}` }]);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("utf8")
    .replace(/^\ufeff/, "");
}
