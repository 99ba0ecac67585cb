// Reads and decodes a capture, and prints how many packets it has: what of the time of a run is not the replay.
import { filePieces } from "../../src/commands/file-pieces.ts";
import { readCapture } from "../../src/wire/capture.ts";

const file = process.argv[2];
let packets = 0;
for await (const { frames, problem } of readCapture(file, filePieces(file, 1 << 18))) {
  for (const frame of frames) if (frame.packet) packets++;
  if (problem) {
    process.stderr.write(`${problem.message}\n`);
    process.exitCode = 2;
  }
}
process.stdout.write(`${packets}\n`);
