import { describe, expect, it } from "vitest";
import type { Assertion } from "../../src/explain/assertion.ts";
import { junitText } from "../../src/render/junit.ts";

const spot = { file: "a&b.yaml", line: 7, column: 3, source: "" };
const good: Assertion = {
  name: "it's <fine>",
  spot,
  subject: "",
  holds: true,
  packets: 1,
  failed: 0,
  found: "",
  differences: [],
  traces: [],
};
const bad: Assertion = {
  ...good,
  name: 'not "fine"\u0007',
  subject: "tcp a b",
  holds: false,
  failed: 1,
  differences: [{ key: "verdict", expected: "dropped", found: "forwarded", packets: 1 }],
};
const assumptions = new Map([["x", { id: "x", text: "routes are known" }]]);

describe("JUnit XML", () => {
  const text = junitText({ files: [{ file: "a&b.yaml", assertions: [good, bad], assumptions, seconds: 0.25 }] });

  it("counts, and has a case for each assertion", () => {
    expect(text.split("\n").slice(0, 4)).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites name="nettrace" tests="2" failures="1" errors="0" skipped="0" time="0.250">',
      '  <testsuite name="a&amp;b.yaml" tests="2" failures="1" errors="0" skipped="0" time="0.250">',
      '    <testcase classname="a&amp;b.yaml" name="it\'s &lt;fine&gt;" file="a&amp;b.yaml" line="7"/>',
    ]);
  });

  it("says of a failed one what was expected, in characters that XML has", () => {
    expect(text).toContain('name="not &quot;fine&quot;\ufffd"');
    expect(text).toContain('<failure message="verdict: expected dropped, found forwarded" type="verdict">');
    expect(text).toContain("  verdict  expected  dropped\n           found     forwarded\n");
  });

  it("names what was taken for granted", () => {
    expect(text).toContain("<system-out>Taken for granted:\n  - routes are known\n</system-out>");
  });
});
