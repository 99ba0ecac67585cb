import { readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "../model/host.ts";
import { ArchiveError, unpackSnapshot } from "../parse/archive.ts";
import { readSnapshot } from "../parse/snapshot.ts";
import { decompress } from "../wire/decompress.ts";
import { InputFailure, refuse } from "./failure.ts";
import { readBytes, reasonOf } from "./input.ts";

const EXPECTED = "a snapshot: a folder with snapshot.json and netns/NAME/, or a .tar or .tar.gz of one";

/** Reads a snapshot from a folder or an archive. */
export async function loadSnapshot(path: string): Promise<Host> {
  const { value, problems } = readSnapshot(await readSnapshotFiles(path), path);
  refuse(problems);
  return value;
}

/** The files of a snapshot by their paths from its root. */
export async function readSnapshotFiles(path: string): Promise<ReadonlyMap<string, string>> {
  const found =
    path === "-"
      ? undefined
      : await stat(path).catch((error: NodeJS.ErrnoException) => fail(path, `${reasonOf(error)}, expected ${EXPECTED}`));
  const files = found?.isDirectory() ? await readFolder(path) : await unpack(path);
  if (![...files.keys()].some((name) => name === "snapshot.json" || name.startsWith("netns/")))
    fail(path, `this is not a snapshot, expected ${EXPECTED}`);
  return files;
}

async function unpack(path: string): Promise<Map<string, string>> {
  const { name, bytes } = await readBytes(path, EXPECTED);
  if (bytes.length === 0) fail(name, `the file is empty, expected ${EXPECTED}`);
  return unpackFiles(name, bytes);
}

/** The files of a snapshot in an archive that was read already. */
export async function unpackFiles(name: string, bytes: Uint8Array): Promise<Map<string, string>> {
  return unpackSnapshot(bytes).catch((error: unknown) => {
    if (error instanceof ArchiveError) fail(name, error.message);
    throw error;
  });
}

async function readFolder(root: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const names = (await exists(join(root, "snapshot.json"))) ? ["snapshot.json"] : [];
  if (await exists(join(root, "netns"))) {
    const entries = await readdir(join(root, "netns"), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile()) names.push(join(entry.parentPath, entry.name).slice(join(root, "/").length));
    }
  }
  for (const name of names.sort()) files.set(name, await readPlain(join(root, name)));
  return files;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function readPlain(path: string): Promise<string> {
  const content = readAtOnce(path);
  const pieces: Uint8Array[] = [];
  for await (const piece of decompress(once(content))) pieces.push(piece);
  const [only = content] = pieces;
  const whole = pieces.length > 1 ? Buffer.concat(pieces) : Buffer.from(only.buffer, only.byteOffset, only.byteLength);
  return whole.toString("utf8");
}

// Half a megabyte at a time, as promises have it, takes up to twice as long.
function readAtOnce(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    return fail(path, reasonOf(error as NodeJS.ErrnoException));
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

function fail(path: string, message: string): never {
  throw new InputFailure([{ file: path, message }]);
}
