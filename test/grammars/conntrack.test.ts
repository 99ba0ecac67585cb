import { describe, expect, it } from "vitest";
import { readConntrackLine } from "../../grammars/conntrack.ts";

describe("a line of conntrack", () => {
  it("is words, pairs and flags with their columns", () => {
    expect(readConntrackLine("udp 17 29 src=::1 dst= [UNREPLIED]")).toEqual({
      value: {
        header: [
          { text: "udp", column: 1 },
          { text: "17", column: 5 },
          { text: "29", column: 8 },
        ],
        pairs: [
          { key: { text: "src", column: 11 }, value: { text: "::1", column: 15 } },
          { key: { text: "dst", column: 19 }, value: { text: "", column: 23 } },
        ],
        flags: [{ text: "[UNREPLIED]", column: 24 }],
      },
      faults: [],
    });
  });

  it.each([
    ["[NEW] tcp 6 src=::1", { column: 1, span: 5, message: 'expected a protocol (tcp 6 431999 ESTABLISHED src=...), found "[NEW]"' }],
    ["tcp 6 src=::1 over", { column: 15, span: 4, message: 'expected key=value or [FLAG], found "over"' }],
    ["tcp 6 src=::1 [half", { column: 15, span: 5, message: 'expected key=value or [FLAG], found "[half"' }],
  ])("%s", (line, fault) => {
    expect(readConntrackLine(line)).toEqual({ faults: [fault] });
  });
});
