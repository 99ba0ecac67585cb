import type { Address } from "../model/address.ts";

/** From one value to another, both included: addresses, or numbers. */
export type Span = readonly [low: Address, high: Address];

/** The values that have `value` in the bits of `mask`; both are unsigned numbers of 32 bits. */
export interface Cube {
  readonly value: number;
  readonly mask: number;
}

/** What a packet has a span for, by its place in a box. */
export const SPANS = { src: 0, dst: 1, protocol: 2, sport: 3, dport: 4, in: 5, out: 6 } as const;
/** What it has one value of a few for, each a bit. */
export const CHOICES = { state: 0, fragment: 1, srcType: 2, dstType: 3 } as const;
/** What it has bits for. */
export const CUBES = { mark: 0, flags: 1 } as const;

/**
 * A set of packets: all those that have every one of its properties. ICMP has type * 256 + code for its source port; devices have the place
 * of their name in the order of all names (see `Devices`). Conditions that are not about such values are atoms: `n` holds, `-n` does not.
 */
export interface Box {
  readonly spans: readonly Span[];
  readonly choices: readonly number[];
  readonly cubes: readonly Cube[];
  /** In ascending order of their absolute values. */
  readonly atoms: readonly number[];
}

const NO_ATOMS: readonly number[] = [];

/** The packets that are in both boxes; undefined when there are none. */
export function intersection(a: Box, b: Box): Box | undefined {
  if (!overlaps(a, b)) return undefined;
  const spans = a.spans.map((one, d) => narrowed(one, b.spans[d] as Span));
  const choices = a.choices.map((one, d) => one & (b.choices[d] as number));
  const cubes = a.cubes.map((one, d) => both(one, b.cubes[d] as Cube));
  return { spans, choices, cubes, atoms: joined(a.atoms, b.atoms) };
}

/** Whether any packet is in both boxes. */
export function overlaps(a: Box, b: Box): boolean {
  // The innermost of all loops: nothing is made here, and what was never narrowed is the same object in both.
  for (let d = 0; d < a.spans.length; d++) {
    const one = a.spans[d] as Span;
    const other = b.spans[d] as Span;
    if (one !== other && (one[0] > other[1] || other[0] > one[1])) return false;
  }
  for (let d = 0; d < a.choices.length; d++) if (((a.choices[d] as number) & (b.choices[d] as number)) === 0) return false;
  for (let d = 0; d < a.cubes.length; d++) {
    const one = a.cubes[d] as Cube;
    const other = b.cubes[d] as Cube;
    if (((one.value ^ other.value) & one.mask & other.mask) !== 0) return false;
  }
  return a.atoms.length === 0 || b.atoms.length === 0 || !b.atoms.some((atom) => a.atoms.includes(-atom));
}

/** Whether all packets of one box are in another. */
export function covers(outer: Box, inner: Box): boolean {
  for (let d = 0; d < outer.spans.length; d++) {
    const [out, inn] = [outer.spans[d] as Span, inner.spans[d] as Span];
    if (out !== inn && (out[0] > inn[0] || out[1] < inn[1])) return false;
  }
  for (let d = 0; d < outer.choices.length; d++) if (((inner.choices[d] as number) & ~(outer.choices[d] as number)) !== 0) return false;
  for (let d = 0; d < outer.cubes.length; d++) {
    const [out, inn] = [outer.cubes[d] as Cube, inner.cubes[d] as Cube];
    if ((out.mask & ~inn.mask) !== 0 || ((out.value ^ inn.value) & out.mask) !== 0) return false;
  }
  return outer.atoms.every((atom) => inner.atoms.includes(atom));
}

/** The packets of a box that are not in another one, as boxes that have no packet in common. */
export function without(a: Box, b: Box): readonly Box[] {
  if (!overlaps(a, b)) return [a];
  const pieces: Box[] = [];
  let { spans, choices, cubes, atoms } = a;
  for (let d = 0; d < spans.length; d++) {
    const own = spans[d] as Span;
    const [low, high] = b.spans[d] as Span;
    if (low > own[0]) pieces.push({ spans: withAt(spans, d, [own[0], before(low)]), choices, cubes, atoms });
    if (high < own[1]) pieces.push({ spans: withAt(spans, d, [after(high), own[1]]), choices, cubes, atoms });
    const rest = narrowed(own, [low, high]);
    if (rest !== own) spans = withAt(spans, d, rest);
  }
  for (let d = 0; d < choices.length; d++) {
    const own = choices[d] as number;
    const left = own & ~(b.choices[d] as number);
    if (left === 0) continue;
    pieces.push({ spans, choices: withAt(choices, d, left), cubes, atoms });
    choices = withAt(choices, d, own & ~left);
  }
  for (let d = 0; d < cubes.length; d++) {
    const taken = b.cubes[d] as Cube;
    let own = cubes[d] as Cube;
    for (let bits = taken.mask & ~own.mask; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      const mask = (own.mask | bit) >>> 0;
      const other = { value: (own.value | (~taken.value & bit)) >>> 0, mask };
      pieces.push({ spans, choices, cubes: withAt(cubes, d, other), atoms });
      own = { value: (own.value | (taken.value & bit)) >>> 0, mask };
      cubes = withAt(cubes, d, own);
    }
  }
  for (const atom of b.atoms) {
    if (atoms.includes(atom)) continue;
    pieces.push({ spans, choices, cubes, atoms: joined(atoms, [-atom]) });
    atoms = joined(atoms, [atom]);
  }
  return pieces;
}

function withAt<T>(values: readonly T[], at: number, value: T): readonly T[] {
  const made = values.slice();
  made[at] = value;
  return made;
}

const before = (value: Address): Address => (typeof value === "number" ? value - 1 : value - 1n);
const after = (value: Address): Address => (typeof value === "number" ? value + 1 : value + 1n);

function narrowed(a: Span, b: Span): Span {
  if (a === b || (b[0] <= a[0] && b[1] >= a[1])) return a;
  if (a[0] <= b[0] && a[1] >= b[1]) return b;
  const [low] = a[0] > b[0] ? a : b;
  const [, high] = a[1] < b[1] ? a : b;
  return [low, high];
}

function both(a: Cube, b: Cube): Cube {
  if ((b.mask & ~a.mask) === 0) return a;
  return { value: (a.value | b.value) >>> 0, mask: (a.mask | b.mask) >>> 0 };
}

function joined(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 0 && b.length === 0) return NO_ATOMS;
  if (b.every((atom) => a.includes(atom))) return a;
  return [...new Set([...a, ...b])].sort((x, y) => Math.abs(x) - Math.abs(y));
}
