import { describe, expect, it } from "vitest";
import type { Explanation } from "../../src/explain/summary.ts";
import { explanationText } from "../../src/render/explanation.ts";

function hidden(trouble: number, ...expected: Explanation["hidden"]["expected"]): string {
  const nothing = { headline: "", notes: [], shares: [], totals: [], connections: [], assumptions: [] };
  const text = [...explanationText({ ...nothing, hidden: { trouble, expected } }, { width: 400, colour: false, ascii: false })];
  return text.join("").trim();
}

const forwarded = { ending: "forwarded" as const, connections: 14_922 };
const delivered = { ending: "delivered" as const, connections: 5_078 };
const CHOOSE = "; --top, --verdict, --flow, --protocol and --address choose";

describe("what became of the connections that are not shown", () => {
  it("is one sentence", () => {
    expect(hidden(0)).toBe("");
    expect(hidden(0, forwarded)).toBe("… and 14,922 connections passed on as expected (--all)");
    expect(hidden(0, forwarded, delivered)).toBe("… and 20,000 connections as expected, 14,922 passed on and 5,078 delivered (--all)");
    expect(hidden(3)).toBe(`… and 3 more connections with trouble (--all)${CHOOSE}`);
    expect(hidden(3, forwarded)).toBe(`… and 3 more connections with trouble and 14,922 passed on as expected (--all)${CHOOSE}`);
    expect(hidden(3, forwarded, delivered)).toBe(
      `… and 3 more connections with trouble and 20,000 as expected, 14,922 passed on and 5,078 delivered (--all)${CHOOSE}`,
    );
  });
});
