// Reads and decodes a capture as `explain` does, and prints how many packets it has: what of the time of a run is not the replay.
import { filePieces } from "../../src/commands/file-pieces.ts";
import { readCapture } from "../../src/wire/capture.ts";

async function decode(file) {
  let packets = 0;
  for await (const { frames, problem } of readCapture(file, filePieces(file))) {
    for (let i = 0; i < frames.length; i++) if ((frames.glance?.(i) ?? frames.at(i)).packet) packets++;
    if (problem) {
      process.stderr.write(`${problem.message}\n`);
      process.exitCode = 2;
    }
  }
  process.stdout.write(`${packets}\n`);
}

void decode(process.argv[2]);
