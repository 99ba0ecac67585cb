import { afterEach, describe, expect, it, vi } from "vitest";
import { Output } from "../../src/commands/output.ts";

/** What is written to standard output meanwhile; `pending` is what a slow reader has left in it. */
function listen(pending = 0): Buffer[] {
  const kept: Buffer[] = [];
  vi.spyOn(process.stdout, "writableLength", "get").mockReturnValue(pending);
  vi.spyOn(process.stdout, "write").mockImplementation((piece) => {
    kept.push(piece as Buffer);
    return true;
  });
  return kept;
}

afterEach(() => void vi.restoreAllMocks());

describe("standard output", () => {
  it("gets all text in order, however long its pieces are", async () => {
    const kept = listen(1);
    const output = new Output();
    const texts = ["a", "☃".repeat(100_000), "x".repeat(200_000), "", "é".repeat(1_000_000), "end\n"];
    for (const text of texts) {
      output.put(text);
      await output.due();
    }
    await output.flush();
    expect(Buffer.concat(kept).toString("utf8")).toBe(texts.join(""));
  });

  it("gets numbers as they are written everywhere", async () => {
    const kept = listen();
    const output = new Output();
    const numbers = [0, 7, 9, 10, 99, 100, 65_535, 1_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1];
    for (const number of numbers) {
      output.number(number);
      output.put(" ");
    }
    // More than there is room for at first.
    for (let i = 0; i < 40_000; i++) output.number(1_234_567);
    await output.flush();
    expect(Buffer.concat(kept).toString("latin1")).toBe(`${numbers.join(" ")} ${"1234567".repeat(40_000)}`);
  });

  it("gets little at once and nothing before its time", async () => {
    const kept = listen(1);
    const output = new Output();
    for (let i = 0; i < 1000; i++) expect(output.write(`${i}\n`)).toBeUndefined();
    expect(kept).toEqual([]);
    await output.flush();
    await output.flush();
    expect(kept).toHaveLength(1);
  });

  it("is not written over while it is on its way", async () => {
    const kept = listen(1);
    const output = new Output();
    await output.write("first");
    await output.flush();
    await output.write("other");
    await output.flush();
    expect(kept.map((piece) => piece.toString("latin1"))).toEqual(["first", "other"]);
  });
});
