import { type Box, covers, overlaps, type Span, without } from "./box.ts";

/** Pieces that a difference may fall into before it is given up. */
const MOST = 2_000;

/** What is left of some boxes when others are taken away; undefined when it falls into more pieces than are kept. */
export function difference(boxes: readonly Box[], taken: Iterable<Box>, most = MOST): readonly Box[] | undefined {
  let left = boxes;
  for (const one of taken) {
    if (left.length === 0) return left;
    if (!left.some((box) => overlaps(box, one))) continue;
    left = left.flatMap((box) => without(box, one));
    if (left.length > most) return undefined;
  }
  return left;
}

/** A packet of a box that none of some others has, looked for at a few places; undefined when none was found there. Asked for are those that have a packet. */
export function sample(box: Box, takenAt: (packet: Box) => readonly Box[]): Box | undefined {
  for (const pick of PICKS) {
    const point = pointOf(box, pick);
    const taken = takenAt(point);
    // Where conditions are not about header values, it is one for which those of the others do not hold.
    const found = { ...point, atoms: withoutAtoms(box.atoms, taken) };
    if (!taken.some((one) => covers(one, found))) return found;
  }
  return undefined;
}

function withoutAtoms(own: readonly number[], taken: readonly Box[]): readonly number[] {
  if (!taken.some(({ atoms }) => atoms.length > 0)) return own;
  const others = new Set(taken.flatMap(({ atoms }) => atoms.map(Math.abs)));
  const added = [...others].filter((atom) => !own.includes(atom) && !own.includes(-atom)).map((atom) => -atom);
  return [...own, ...added].sort((a, b) => Math.abs(a) - Math.abs(b));
}

type Pick = (low: number | bigint, high: number | bigint, dimension: number) => number | bigint;

/** A place between two ends, by a fraction of 256. */
const between = (low: number | bigint, high: number | bigint, part: number): number | bigint =>
  typeof low === "number" ? low + Math.floor(((Number(high) - low) * part) / 256) : low + ((BigInt(high) - low) * BigInt(part)) / 256n;

const PICKS: readonly Pick[] = [
  (low, high, d) => between(low, high, (97 + d * 61) % 256),
  (low, high, d) => between(low, high, (211 + d * 37) % 256),
  (low, high, d) => between(low, high, (29 + d * 103) % 256),
  (low) => low,
  (_, high) => high,
];

function pointOf({ spans, choices, cubes, atoms }: Box, pick: Pick): Box {
  const point = (span: Span, d: number): Span => {
    const value = pick(span[0], span[1], d);
    return [value, value];
  };
  return {
    spans: spans.map(point),
    choices: choices.map((bits) => bits & -bits),
    cubes: cubes.map(({ value }) => ({ value, mask: 0xffffffff })),
    atoms,
  };
}
