import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { SourceChains } from "../../src/engine/source-chains.ts";

describe("rows in chains", () => {
  it("come with the greatest id first, as those of a list would that is sorted each time", () => {
    const step = fc.record({ row: fc.integer({ min: 0, max: 9_000 }), hash: fc.integer({ min: 0, max: 3 }), id: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ids = new Map<number, number>();
        const list = new Map<number, number>();
        const chains = new SourceChains((row) => ids.get(row) ?? 0);
        for (const { row, hash, id } of steps) {
          // Each row comes and goes in turn.
          if (list.delete(row)) chains.remove(row);
          else {
            ids.set(row, id * 10_000 + row);
            list.set(row, hash);
            chains.add(row, hash);
          }
        }
        for (const hash of [0, 1, 2, 3]) {
          const expected = [...list].filter(([, own]) => own === hash).map(([row]) => row);
          expected.sort((a, b) => (ids.get(b) as number) - (ids.get(a) as number));
          expect([...chains.of(hash)]).toEqual(expected);
        }
      }),
    );
  });

  it("come and go without a look at the thousands of the same source", () => {
    const idOf = vi.fn((row: number) => row);
    const chains = new SourceChains(idOf);
    for (let row = 0; row < 20_000; row++) chains.add(row, 7);
    for (let row = 0; row < 20_000; row += 2) chains.remove(row);
    // Each is heard of again, and rests once more.
    for (let row = 1; row < 20_000; row += 2) {
      chains.remove(row);
      chains.add(row, 7);
    }
    expect(idOf.mock.calls.length).toBeLessThanOrEqual(2 * 30_000);
    expect([...chains.of(7)]).toEqual(Array.from({ length: 10_000 }, (_, i) => 19_999 - 2 * i));
    chains.remove(0);
    chains.clear(10_000);
    expect([...chains.of(7)]).toEqual([]);
  });
});
