import { closeSync, openSync, readSync } from "node:fs";

/** Octets of a file that are read at once. */
export const PIECE = 1 << 20;

/**
 * Reads a file piece by piece, all into the same memory: a piece is good until the next one is asked for. Memory that was never touched
 * takes several times as long to fill as a file in the page cache takes to read.
 */
export async function* filePieces(path: string, size = PIECE): AsyncGenerator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    const memory = new Uint8Array(size);
    for (let length = readSync(file, memory); length > 0; length = readSync(file, memory)) {
      yield memory.subarray(0, length);
      // Timers and signals get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    closeSync(file);
  }
}
