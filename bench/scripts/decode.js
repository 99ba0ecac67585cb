// Reads a capture and decodes its headers as the summary of `explain` does before it follows a packet: times, checksums, options and data are left
// until somebody asks. Prints how many packets it has.
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
