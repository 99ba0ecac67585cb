import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, it } from "vitest";

const HEAP = fileURLToPath(new URL("../../src/commands/heap.ts", import.meta.url));

/** Newer V8 takes the room page by page as it is needed, and clears nothing new while it looks for what is old, whatever it is told. */
const AS_NEEDED = Number.parseInt(process.versions.v8, 10) >= 14;

/** Keeps some of much that is new, in the main thread and another one, and tells how much room each has for it by then. */
const PROGRAM = `import { getHeapSpaceStatistics } from "node:v8";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { tuneHeap } from "./heap.mjs";
tuneHeap();
const room = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size / 2 ** 20;
const [atFirst, kept] = [room(), []];
let most = atFirst;
for (let i = 0; i < 8_000_000; i++) {
  kept[i % 1_000_000] = [i];
  if (i % 10_000 === 0) most = Math.max(most, room());
}
const said = { atFirst, most, atLast: room() };
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const other = await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
  console.log(JSON.stringify([said, other]));
} else parentPort.postMessage(said);
`;

it("there is as much room for what is new as was meant, in each thread, and no more later on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nettrace-heap-"));
  const build = await rolldown({ input: HEAP, platform: "node" });
  await build.write({ dir: folder, format: "esm", entryFileNames: "heap.mjs" });
  await build.close();
  writeFileSync(join(folder, "program.mjs"), PROGRAM);
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "program.mjs")], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  expect(stderr).toBe("");
  const threads: readonly { readonly atFirst: number; readonly most: number; readonly atLast: number }[] = JSON.parse(stdout);
  expect(threads).toHaveLength(2);
  for (const { atFirst, most, atLast } of threads) {
    expect(most).toBeGreaterThanOrEqual(8);
    if (AS_NEEDED) continue;
    // Both halves and a page more; V8 gives one of them back while it is empty.
    expect(atFirst).toBeGreaterThanOrEqual(8);
    expect(atLast).toBeGreaterThanOrEqual(8);
    expect(most).toBeLessThanOrEqual(17);
  }
});
