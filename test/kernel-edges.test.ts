import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadEvidence } from "./kernel/judge/evidence.ts";
import { judge } from "./kernel/judge/run-case.ts";

/** What Linux 6.18 did where one more or less, or the other order, makes a difference: hand-made cases, and random ones. */
const EDGES = fileURLToPath(new URL("recordings/edges/", import.meta.url));
const CASES = 43;

describe("the kernel at the edges", () => {
  const files = readdirSync(EDGES);

  it.each(files)("%s", (file) => {
    const { packets, unknown, disagreements } = judge(loadEvidence(EDGES + file));
    expect(packets).toBeGreaterThan(0);
    expect(unknown).toEqual([]);
    expect(disagreements).toEqual([]);
  });

  it("are all there", () => {
    expect(files).toHaveLength(CASES);
  });
});
