import { describe, expect, it } from "vitest";
import { Fuzz } from "./fuzz.ts";
import { superlinear } from "./growth.ts";
import { smallestText } from "./smallest.ts";
import type { TextTarget } from "./text-targets.ts";

const LONG = 300_000;
const options = { seed: 7, rounds: 1, until: Date.now() + LONG, wanted: () => true };

function target(read: (text: string) => void): TextTarget {
  return {
    name: "made",
    bases: ["alpha beta\ngamma delta\n"],
    read: (text) => {
      read(text);
      return { problems: [], texts: new Map([["f", text]]) };
    },
  };
}

describe("a damaged input", () => {
  it(
    "breaks no parser",
    async () => {
      const fuzz = await Fuzz.start(options);
      await fuzz.run();
      expect(fuzz.failures).toEqual([]);
      expect(fuzz.runs.size).toBeGreaterThan(20);
    },
    LONG,
  );
});

describe("a parser with a fault", () => {
  it("that throws is found, with the smallest input that does it", async () => {
    const read = (text: string) => {
      if (text.includes("=")) throw new Error("no");
    };
    const fuzz = Fuzz.of([target(read)], [], { ...options, rounds: 50 });
    await fuzz.run();
    expect(fuzz.failures).toMatchObject([{ target: "made", message: expect.stringContaining("throws"), smallest: "=" }]);
  });

  it("that puts a problem behind the end of the line is found", async () => {
    const read: TextTarget["read"] = (text) => ({
      problems: [{ file: "f", line: 1, column: 12, message: "expected nothing" }],
      texts: new Map([["f", text]]),
    });
    const fuzz = Fuzz.of([{ ...target(() => {}), read }], [], options);
    await fuzz.run();
    expect(fuzz.failures).toMatchObject([{ message: expect.stringContaining("a column that is not there") }]);
  });

  it("that takes quadratic time is found, and one that takes linear time is not", () => {
    const shape = { name: "many a", before: "", unit: "a", after: "" };
    let sum = 0;
    const slow = target((text) => {
      for (let at = 0; at < text.length; at += 32) for (let before = 0; before < at; before++) sum += before & 1;
    });
    const fast = target((text) => {
      for (let at = 0; at < text.length; at++) for (let more = 0; more < 50; more++) sum += more & 1;
    });
    expect(superlinear(slow, shape, 1 << 18)).toContain("grows faster than the text (many a)");
    expect(superlinear(fast, shape, 1 << 18)).toBeUndefined();
    expect(sum).toBeGreaterThan(0);
  });
});

describe("a failing input", () => {
  it("is made smaller, lines first", async () => {
    const fails = async (text: string) => /x.*y/s.test(text);
    expect(await smallestText("a\nbxb\nc\ndy\ne", fails, Date.now() + LONG)).toBe("xy");
    expect(await smallestText("a\nbxb\nc\ndy\ne", fails, 0)).toBe("a\nbxb\nc\ndy\ne");
  });
});
