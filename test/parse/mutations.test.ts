import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Parsed } from "../../src/model/problem.ts";
import { parseFdb } from "../../src/parse/bridge-fdb.ts";
import { parseBridgeLinks } from "../../src/parse/bridge-link.ts";
import { parseBridgeVlans } from "../../src/parse/bridge-vlan.ts";
import { detectKind } from "../../src/parse/detect.ts";
import { parseLinks } from "../../src/parse/ip-link.ts";
import { parseNeighbours } from "../../src/parse/ip-neigh.ts";
import { parseRoutes } from "../../src/parse/ip-route.ts";
import { parsePolicyRules } from "../../src/parse/ip-rule.ts";
import { parseNetnsIds } from "../../src/parse/netns-ids.ts";
import { parseSysctl } from "../../src/parse/sysctl.ts";
import { recorded } from "./recording.ts";

type Parse = (text: string, file: string) => Parsed<unknown>;
const routes: Parse = (text, file) => parseRoutes(text, file, 4);
const rules: Parse = (text, file) => parsePolicyRules(text, file, 4);

const CASES: readonly (readonly [string, Parse])[] = [
  ["ip-route.txt", routes],
  ["ip-d-route.json", routes],
  ["route-n.txt", routes],
  ["ip-rule.txt", rules],
  ["ip-rule.json", rules],
  ["ip-d-addr.txt", parseLinks],
  ["ip-d-addr.json", parseLinks],
  ["ip-neigh.json", parseNeighbours],
  ["bridge-fdb.json", parseFdb],
  ["bridge-d-link.json", parseBridgeLinks],
  ["bridge-d-link.json", parseBridgeVlans],
  ["netns-ids.txt", parseNetnsIds],
  ["ip-route.txt", parseSysctl],
];

/** Cuts pieces out of a text and puts others in. */
function mutation(text: string): fc.Arbitrary<string> {
  const place = fc.nat({ max: text.length });
  const word = fc.constantFrom(...(text.match(/\S+/g) ?? ["x"]));
  const insert = fc.oneof(
    word,
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.constantFrom("\n", "\\\t", "\0", '"', "[", "}", " ", "-1", "1e9", "null"),
  );
  const edit = fc.tuple(place, fc.nat({ max: 12 }), insert);
  return fc
    .array(edit, { minLength: 1, maxLength: 5 })
    .map((edits) => edits.reduce((now, [at, length, piece]) => now.slice(0, at) + piece + now.slice(at + length), text));
}

describe("a damaged input", () => {
  it.each(CASES)("%s never throws, and every problem has a place in it", (name, parse) => {
    const text = recorded(name);
    fc.assert(
      fc.property(mutation(text), (damaged) => {
        const lines = damaged.split("\n").length;
        for (const { file, line, column, span, message } of parse(damaged, "f").problems) {
          expect(file).toBe("f");
          expect(message).not.toMatch(/undefined|\[object/);
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThan(0);
          if (span !== undefined) expect(span).toBeGreaterThan(0);
        }
        detectKind(damaged);
      }),
      { numRuns: 150 },
    );
  });

  it("may be nested as deep as it likes", () => {
    expect(parseLinks("[".repeat(100_000), "f").problems).toHaveLength(1);
    expect(parseLinks("[".repeat(100_000) + "]".repeat(100_000), "f").problems).toHaveLength(1);
  });
});
