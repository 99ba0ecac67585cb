// Reads and decodes a capture, and prints how many packets it has: what of the time of a run is not the replay.
import { createReadStream } from "node:fs";
import { readCapture } from "../../src/wire/capture.ts";

const file = process.argv[2];
let packets = 0;
for await (const { frames, problem } of readCapture(file, createReadStream(file, { highWaterMark: 1 << 20 }))) {
  for (const frame of frames) if (frame.packet) packets++;
  if (problem) {
    process.stderr.write(`${problem.message}\n`);
    process.exitCode = 2;
  }
}
process.stdout.write(`${packets}\n`);
