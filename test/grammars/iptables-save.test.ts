import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSaveLine } from "../../grammars/iptables-save.ts";

function texts(line: string): string[] {
  const read = readSaveLine(line);
  if (read.kind !== "rule") throw new Error(`not a rule: ${JSON.stringify(read)}`);
  return read.words.map((word) => word.text);
}

describe("lines of iptables-save", () => {
  it.each([
    ["", { kind: "blank" }],
    ["  \t", { kind: "blank" }],
    ["# Completed on Sat", { kind: "comment", text: "# Completed on Sat" }],
    ["*filter", { kind: "table", name: { text: "filter", start: 1, end: 7 } }],
    ["COMMIT", { kind: "commit" }],
    ["COMMIT \t", { kind: "commit" }],
    [
      ":INPUT DROP [12:3456]",
      {
        kind: "chain",
        name: { text: "INPUT", start: 1, end: 6 },
        policy: { text: "DROP", start: 7, end: 11 },
        counters: { packets: 12, bytes: 3456 },
      },
    ],
    [":web -", { kind: "chain", name: { text: "web", start: 1, end: 4 }, policy: { text: "-", start: 5, end: 6 } }],
    ["see below", { kind: "foreign", start: 0, end: 9 }],
    ["COMMITTED", { kind: "foreign", start: 0, end: 9 }],
  ])("%j", (line, expected) => {
    expect(readSaveLine(line)).toEqual(expected);
  });

  it("reads the counters before a rule, and where its words stand", () => {
    expect(readSaveLine('[1:60] -A INPUT  "a b"')).toEqual({
      kind: "rule",
      counters: { packets: 1, bytes: 60 },
      words: [
        { text: "-A", start: 7, end: 9 },
        { text: "INPUT", start: 10, end: 15 },
        { text: "a b", start: 17, end: 22 },
      ],
    });
  });

  it.each([
    [String.raw`-A x "say \"hi\" \\ \'there\'"`, ["-A", "x", `say "hi" \\ 'there'`]],
    ['-A x ""', ["-A", "x", ""]],
    ['-A x pre"fix ed"rest', ["-A", "x", "prefix ed", "rest"]],
    ['-A x "a""b"', ["-A", "x", "a", "b"]],
    ["-A x back\\slash 'single quotes'", ["-A", "x", "back\\slash", "'single", "quotes'"]],
    ["-A x *star :colon #hash [1:2]", ["-A", "x", "*star", ":colon", "#hash", "[1:2]"]],
    ["-A x été \u{1f600}\u2028y", ["-A", "x", "été", "\u{1f600}\u2028y"]],
  ])("takes the words of %j apart as iptables-restore does", (line, expected) => {
    expect(texts(line)).toEqual(expected);
  });
});

describe("what is wrong with a line", () => {
  it.each([
    ["*", 1, 2, "expected a table name after *, found the end of the line"],
    ["*nat nat", 5, 8, 'expected nothing after the name of a table, found "nat"'],
    [":", 1, 2, "expected a chain name after :, found the end of the line"],
    [":INPUT", 6, 7, "expected a policy: ACCEPT, DROP or -, found the end of the line"],
    [":INPUT DROP 0:0", 12, 15, 'expected counters like [0:0], found "0:0"'],
    [":INPUT DROP [0:0] x", 18, 19, 'expected nothing after the counters, found "x"'],
    ["[1:60]", 6, 7, "expected a rule (-A CHAIN ...) after the counters, found the end of the line"],
    ["[1:60] INPUT", 7, 12, 'expected a rule (-A CHAIN ...) after the counters, found "INPUT"'],
    ['-A x --comment "open', 15, 20, "expected a closing quote before the end of the line"],
    ['-A x --comment fo"o \\"', 17, 22, "expected a closing quote before the end of the line"],
  ])("%j", (line, start, end, message) => {
    expect(readSaveLine(line)).toEqual({ kind: "error", start, end, message });
  });

  it("is the same for a line after as for one before", () => {
    readSaveLine('-A x "');
    expect(texts("-A INPUT -j DROP")).toEqual(["-A", "INPUT", "-j", "DROP"]);
  });
});

// What iptables' own xtables_save_string does.
function saved(text: string): string {
  return /^[-_0-9A-Za-z]+$/.test(text) ? text : `"${text.replaceAll(/["\\']/g, "\\$&")}"`;
}

describe("any line", () => {
  it("gives back every text that was quoted", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }).filter((text) => !/[\n]/.test(text))), (words) => {
        expect(texts(`-A ${words.map(saved).join(" ")}`)).toEqual(["-A", ...words]);
      }),
    );
  });

  it("is read without a throw, each position within the line or right behind it", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."-*:#[]0 A\"\\'!\t\u00a0é".split("")), maxLength: 40 }), (line) => {
        const read = readSaveLine(line);
        const places = read.kind === "rule" ? read.words : read.kind === "error" || read.kind === "foreign" ? [read] : [];
        for (const { start, end } of places) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(line.length + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
