import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Box, covers, intersection, overlaps, type Span, without } from "../../src/sets/box.ts";
import { BoxIndex } from "../../src/sets/box-index.ts";
import { difference, sample } from "../../src/sets/difference.ts";

/** How many values each property has in a universe small enough to be counted out: 4,608 packets. */
const SPAN_SIZES = [3, 2, 2, 1, 3, 1, 2];
const CHOICE_SIZES = [2, 1, 2, 1];
const CUBE_BITS = [2, 1];
const ATOMS = [1, 2];

const numbers = (size: number) => Array.from({ length: size }, (_, i) => i);
const product = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((all, list) => all.flatMap((one) => list.map((value) => [...one, value])), [[]]);

/** Every packet of the universe, as a box that has nothing else. */
const PACKETS: readonly Box[] = product<number>([
  ...SPAN_SIZES.map(numbers),
  ...CHOICE_SIZES.map((size) => numbers(size).map((bit) => 1 << bit)),
  ...CUBE_BITS.map((bits) => numbers(1 << bits)),
  ...ATOMS.map((atom) => [atom, -atom]),
]).map((values) => ({
  spans: values.slice(0, 7).map((value) => [value, value] as const),
  choices: values.slice(7, 11),
  cubes: values.slice(11, 13).map((value, d) => ({ value, mask: (1 << (CUBE_BITS[d] as number)) - 1 })),
  atoms: values.slice(13),
}));

/** Membership by the definition, not by the operations under test. */
function has(box: Box, packet: Box): boolean {
  return (
    packet.spans.every(([value], d) => value >= (box.spans[d] as Span)[0] && value <= (box.spans[d] as Span)[1]) &&
    packet.choices.every((bit, d) => ((box.choices[d] as number) & bit) !== 0) &&
    packet.cubes.every(({ value }, d) => (value & (box.cubes[d]?.mask ?? 0)) === box.cubes[d]?.value) &&
    box.atoms.every((atom) => packet.atoms.includes(atom))
  );
}

const members = (box: Box) => PACKETS.filter((packet) => has(box, packet));

const span = (size: number) => fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).map(([a, b]): Span => [Math.min(a, b), Math.max(a, b)]);
const cube = (bits: number) =>
  fc.tuple(fc.nat((1 << bits) - 1), fc.nat((1 << bits) - 1)).map(([mask, value]) => ({ mask, value: value & mask }));
const boxes: fc.Arbitrary<Box> = fc.record({
  spans: fc.tuple(...SPAN_SIZES.map(span)),
  choices: fc.tuple(...CHOICE_SIZES.map((size) => fc.integer({ min: 1, max: (1 << size) - 1 }))),
  cubes: fc.tuple(...CUBE_BITS.map(cube)),
  atoms: fc.tuple(...ATOMS.map((atom) => fc.constantFrom(0, 0, atom, -atom))).map((atoms) => atoms.filter((atom) => atom !== 0)),
});

describe("sets of packets, against counting them out", () => {
  it("has the packets of both boxes in their intersection", () => {
    fc.assert(
      fc.property(boxes, boxes, (a, b) => {
        const both = intersection(a, b);
        expect(both ? members(both) : []).toEqual(PACKETS.filter((packet) => has(a, packet) && has(b, packet)));
        expect(overlaps(a, b)).toBe(both !== undefined);
      }),
    );
  });

  it("says that a box covers another when that has nothing beside", () => {
    fc.assert(
      fc.property(boxes, boxes, (a, b) => {
        expect(covers(a, b)).toBe(members(b).every((packet) => has(a, packet)));
        const both = intersection(a, b);
        if (both) expect([covers(a, both), covers(b, both)]).toEqual([true, true]);
      }),
    );
  });

  it("takes a box out of another, in pieces that share nothing", () => {
    fc.assert(
      fc.property(boxes, boxes, (a, b) => {
        const pieces = without(a, b);
        for (const packet of PACKETS) {
          const holders = pieces.filter((piece) => has(piece, packet)).length;
          expect(holders).toBe(has(a, packet) && !has(b, packet) ? 1 : 0);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("takes many boxes out of many; a sample is what was not taken", () => {
    const seen = { left: 0, samples: 0 };
    fc.assert(
      fc.property(boxes, fc.array(boxes, { maxLength: 5 }), (a, taken) => {
        const isLeft = (packet: Box) => has(a, packet) && !taken.some((one) => has(one, packet));
        const left = difference([a], taken);
        expect(PACKETS.filter((packet) => left?.some((piece) => has(piece, packet)))).toEqual(PACKETS.filter(isLeft));
        const found = sample(a, (packet) => taken.filter((one) => overlaps(one, packet)));
        if (left?.length) seen.left++;
        if (!found) return;
        seen.samples++;
        expect(covers(a, found)).toBe(true);
        // What it does not say of conditions is all the same.
        expect(
          members({ ...found, cubes: found.cubes.map(({ value }, d) => ({ value, mask: (1 << (CUBE_BITS[d] as number)) - 1 })) }).every(
            isLeft,
          ),
        ).toBe(true);
      }),
      { numRuns: 40 },
    );
    expect(seen.left).toBeGreaterThan(10);
    expect(seen.samples).toBeGreaterThan(seen.left / 2);
  });

  it("finds the boxes that touch one, in the order in which they came", () => {
    fc.assert(
      fc.property(boxes, fc.array(boxes, { maxLength: 12 }), fc.nat(12), (a, all, end) => {
        const index = new BoxIndex<number>();
        for (const [place, box] of all.entries()) index.add(box, place);
        const expected = all.map((box, place) => [box, place] as const).filter(([box, place]) => place < end && overlaps(box, a));
        expect(index.touching(a, end)).toEqual(expected);
      }),
    );
  });
});

describe("boxes of networks", () => {
  const network = fc.tuple(fc.nat(255), fc.nat(255), fc.constantFrom(8, 15, 16, 20, 24, 28, 31, 32)).map(([a, b, length]): Span => {
    const size = 2 ** (32 - length);
    const low = ((10 * 2 ** 24 + (a & 3) * 2 ** 16 + (b & 3) * 2 ** 8 + b) / size) | 0;
    return [low * size, low * size + size - 1];
  });
  const all: Span = [0, 0xffffffff];
  const box = (src: Span, dst: Span): Box => ({
    spans: [src, dst, [0, 255], [0, 65_535], [0, 65_535], [0, 1], [0, 1]],
    choices: [1, 1, 1, 1],
    cubes: [
      { value: 0, mask: 0 },
      { value: 0, mask: 0 },
    ],
    atoms: [],
  });
  const some = fc.oneof(network, network, fc.constant(all), fc.constant<Span>([10 * 2 ** 24 + 5, 10 * 2 ** 24 + 70_000]));
  const networks = fc.tuple(some, some).map(([src, dst]) => box(src, dst));

  it("are found by any network, range or address that they share something with", () => {
    fc.assert(
      fc.property(networks, fc.array(networks, { maxLength: 20 }), (one, others) => {
        const index = new BoxIndex<number>();
        for (const [place, other] of others.entries()) index.add(other, place);
        const expected = others.map((other, place) => [other, place] as const).filter(([other]) => overlaps(other, one));
        expect(index.touching(one)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});
