import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";

/** An archive that is damaged, breaks off or is too large. */
export class ArchiveError extends Error {}

const MAX_BYTES = 512 * 1024 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];

// A folder around the snapshot is usual (`tar czf host.tar.gz host/`); captures beside it are no part of the description of the host.
const MEMBER = /^(?:\.\/)*((?:.*\/)?)(snapshot\.json|netns\/[^/]+\/[^/]+)$/;

async function textOf(entry: AsyncIterable<unknown>, room: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of entry) {
    if (!(piece instanceof Uint8Array)) continue;
    size += piece.length;
    if (size > room) throw new ArchiveError(`the snapshot in the archive is larger than ${MAX_BYTES / 1024 / 1024} MB`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

/** The files of a snapshot in a .tar or .tar.gz by path from the snapshot's root; none when it holds no snapshot. Throws ArchiveError when it is damaged. */
export async function unpackSnapshot(bytes: Uint8Array): Promise<Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  const members = extract();
  const source = Readable.from(slices(bytes));
  const flow = GZIP_MAGIC.every((octet, index) => bytes[index] === octet)
    ? pipeline(source, createGunzip(), members)
    : pipeline(source, members);
  // What breaks the flow also ends the loop over the members, which is where it is told.
  flow.catch(() => undefined);
  let room = MAX_BYTES;
  try {
    for await (const entry of members) {
      const [, root = "", name = ""] = MEMBER.exec(entry.header.name) ?? [];
      if (name === "" || entry.header.type !== "file") {
        entry.resume();
        continue;
      }
      const text = await textOf(entry, room);
      room -= text.length;
      found.set(root, (found.get(root) ?? new Map<string, string>()).set(name, text));
    }
    await flow;
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError(
      `the archive is damaged, breaks off or is no .tar or .tar.gz: ${error instanceof Error ? error.message : error}`,
    );
  }
  const outermost = [...found.keys()].sort((a, b) => a.length - b.length)[0] ?? "";
  return found.get(outermost) ?? new Map();
}
