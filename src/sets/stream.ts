import type { Rule, TableName } from "../model/rule.ts";
import { type Box, CHOICES, CUBES, type Cube, intersection, overlaps } from "./box.ts";
import { BoxIndex } from "./box-index.ts";
import { difference, sample } from "./difference.ts";

/** A rule at its place. */
export interface RulePlace {
  readonly table: TableName;
  readonly chain: string;
  readonly rule: Rule;
}

/** What becomes of packets that a rule takes out of a stream: a verdict, the way back to the calling chain, or another stream. */
export type Fate = "accept" | "drop" | "queue" | "translate" | "return" | "changed";

/** Who took packets, and what became of them. */
export interface Taking {
  readonly by: RulePlace;
  readonly fate: Fate;
}

/** The same with some of the packets. */
export interface Taken extends Taking {
  readonly packet: Box;
}

/** Part of what was taken out of a stream: as much of an index as there was at some time. */
interface Layer {
  readonly index: BoxIndex<Taking>;
  readonly end: number;
  /** The mark has been changed since: what looked at it says nothing any more. */
  readonly isUnmarked: boolean;
}

/** Whether any packet of a box is still in a stream: a packet that is, none and who took them, or not found out. */
export type Left =
  | { readonly kind: "some"; readonly packet: Box }
  | { readonly kind: "none"; readonly takers: readonly Taken[] }
  | { readonly kind: "unknown" };

/** The packets that come to a place of a chain: those of a box but for what earlier rules have surely taken. */
export class Stream {
  readonly box: Box;
  /** Whether its packets may be others than those that came. */
  readonly isOfAnything: boolean;
  readonly #before: readonly Layer[];
  readonly #own = new BoxIndex<Taking>();

  constructor(box: Box, before: readonly Layer[] = [], isOfAnything = false) {
    this.box = box;
    this.#before = before;
    this.isOfAnything = isOfAnything;
  }

  /** Takes packets out. */
  take(boxes: readonly Box[], taking: Taking): void {
    for (const box of boxes) this.#own.add(box, taking);
  }

  /** Some of its packets on a way of their own, for instance into another chain. */
  branch(box: Box): Stream {
    return new Stream(box, this.#layers(false));
  }

  /** Some of its packets after a rule has given them another mark; conditions that it does not know any more are left out. */
  marked(box: Box, mark: Cube): Stream {
    const cubes = box.cubes.map((cube, d) => (d === CUBES.mark ? mark : cube));
    return new Stream({ ...box, cubes, atoms: [] }, this.#layers(true), this.isOfAnything);
  }

  /** All of it, after a rule may have changed anything but addresses, ports and devices. */
  blurred(box: Box): Stream {
    const states = this.box.choices[CHOICES.state] as number;
    const layers = this.#layers(false).map(({ index, end }) => ({
      index: plain(index, end, states),
      end: Number.POSITIVE_INFINITY,
      isUnmarked: true,
    }));
    return new Stream(box, layers, this.isOfAnything);
  }

  /** The same with something else taken out of it since it began. */
  having(taken: readonly (readonly [box: Box, taking: Taking])[]): Stream {
    const stream = new Stream(this.box, this.#before, this.isOfAnything);
    for (const [box, taking] of taken) stream.take([box], taking);
    return stream;
  }

  #layers(isUnmarked: boolean): readonly Layer[] {
    const own: Layer = { index: this.#own, end: this.#own.length, isUnmarked: false };
    const all = own.end > 0 ? [...this.#before, own] : this.#before;
    return isUnmarked ? all.map((layer) => ({ ...layer, isUnmarked: true })) : all;
  }

  /** What was taken out of it since it began, as boxes of its own. */
  get taken(): readonly (readonly [box: Box, taking: Taking])[] {
    return this.#own.all;
  }

  /** What is left of a box, which must lie in the stream's own. */
  left(box: Box): Left {
    const packet = sample(box, (point) => this.#touching(point).map(([one]) => one));
    if (packet) return { kind: "some", packet };
    const touching = this.#touching(box);
    const taken = touching.map(([one]) => one);
    const rest = difference([box], taken);
    if (!rest) return { kind: "unknown" };
    const [first] = rest;
    if (first) return { kind: "some", packet: first };
    return { kind: "none", takers: needed(box, touching) };
  }

  /** What was taken out of it that has packets of a box, in order. */
  #touching(box: Box): readonly (readonly [Box, Taking])[] {
    const found: (readonly [Box, Taking])[] = [];
    const look = ({ index, end, isUnmarked }: Layer) => {
      for (const entry of index.touching(box, end)) if (!isUnmarked || isUnmarkedBox(entry[0])) found.push(entry);
    };
    for (const layer of this.#before) look(layer);
    look({ index: this.#own, end: this.#own.length, isUnmarked: false });
    return found;
  }
}

/** Whether a box says nothing of the mark; any other condition may look at it. */
function isUnmarkedBox({ cubes, atoms }: Box): boolean {
  return cubes[CUBES.mark]?.mask === 0 && atoms.length === 0;
}

/** What in an index says nothing but addresses, ports, protocols and devices. */
function plain(index: BoxIndex<Taking>, end: number, states: number): BoxIndex<Taking> {
  const made = new BoxIndex<Taking>();
  for (const [box, taking] of index.all.slice(0, end)) {
    const isOfAnyState = (states & ~(box.choices[CHOICES.state] as number)) === 0;
    if (isOfAnyState && isUnmarkedBox(box)) made.add(box, taking);
  }
  return made;
}

/** Those that take some of a box that none before them has. */
function needed(box: Box, touching: readonly (readonly [Box, Taking])[]): readonly Taken[] {
  const takers = new Map<Taking, Taken>();
  let left: readonly Box[] = [box];
  for (const [one, taking] of touching) {
    const hit = left.find((piece) => overlaps(piece, one));
    const packet = hit && intersection(hit, one);
    if (!packet) continue;
    if (!takers.has(taking)) takers.set(taking, { ...taking, packet });
    left = difference(left, [one]) ?? left;
    if (left.length === 0) break;
  }
  return [...takers.values()];
}
