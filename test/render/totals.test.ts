import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import type { Total } from "../../src/explain/totals.ts";
import { sharesText, totalText } from "../../src/render/totals.ts";

const ESCAPE = String.fromCharCode(27);
const MORE = { rows: 0, about: false, packets: 0, noun: "place" };
const TOTAL: Total = {
  kind: "lost",
  title: "Dropped and rejected, by rule",
  heads: ["", "rule or reason"],
  rows: [
    {
      name: "filter KUBE-FORWARD-OF-A-VERY-LONG-NAME 117",
      line: 50_006,
      text: "-d 10.96.0.10/32 -p tcp -m multiport --dports 53,9153 -j REJECT --reject-with icmp-port-unreachable",
      packets: 1_234_567,
      connections: 234_567,
      about: true,
    },
    { name: "netns host", text: "the route to its destination says unreachable", packets: 12, connections: 1, about: false },
  ],
  more: { ...MORE, rows: 4544, about: true, packets: 7000 },
  slack: 3,
};

describe("a table of totals", () => {
  it.each([60, 80, 100, 200])("fits %i columns, and keeps a rule's target", (width) => {
    for (const ascii of [false, true]) {
      const text = totalText(TOTAL, { width, colour: false, ascii });
      expect(text.split("\n").filter((line) => stringWidth(line) > width)).toEqual([]);
      expect(text).toMatch(/1,234,567 +~234,567$/m);
      if (width >= 100) expect(text).toContain("-j REJECT");
      if (ascii) expect(Array.from(text).filter((c) => c > "~")).toEqual([]);
    }
  });

  it("says what it leaves out", () => {
    const text = totalText(TOTAL, { width: 100, colour: false, ascii: false });
    expect(text).toMatch(/^Dropped and rejected, by rule \(top 2 of about 4,546\)$/m);
    expect(text).toContain("… and about 4,544 more places with 7,000 packets or fewer (--top)");
    expect(text).toContain("a row may lack up to 3 packets");
  });

  it("differs by escape sequences only when coloured", () => {
    const [plain, coloured] = [false, true].map((colour) => totalText(TOTAL, { width: 80, colour, ascii: false }));
    expect(coloured).toContain(`${ESCAPE}[1;31m`);
    expect(coloured?.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, "g"), "")).toBe(plain);
  });

  it("of thousands of rows is written as fast as it is long", () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({
      name: `10.0.${i >> 8}.${i & 255}`,
      text: "filter INPUT 1",
      packets: i,
      connections: 1,
      about: false,
    }));
    const text = totalText({ ...TOTAL, rows, more: MORE, slack: 0 }, { width: 80, colour: false, ascii: false });
    expect(text.split("\n")).toHaveLength(20_003);
  });
});

describe("shares", () => {
  it("never call what there is nothing", () => {
    const shares = [
      { verdict: "forwarded" as const, packets: 999_900, share: 0.9999 },
      { verdict: "dropped" as const, packets: 100, share: 0.0001 },
    ];
    expect(sharesText(shares, { width: 80, colour: false, ascii: false })).toBe(
      "  forwarded 999,900 (100.0 %) · dropped 100 (under 0.1 %)\n",
    );
  });
});
