import { oneOf } from "./condition.ts";
import type { Draw } from "./draw.ts";
import type { Directions } from "./ipset/packet-key.ts";
import type { Codec } from "./spec.ts";

/** A set and which end of the packet each part of its elements is taken from. */
export interface SetUse {
  readonly name: string;
  readonly directions: Directions;
}

const MOST = 6;

/** `--match-set`, `--add-set`, `--del-set` and `--map-set`: a set's name, and src or dst for each part. */
export const SET_USE: Codec<SetUse> = {
  words: 2,
  expected: "the name of a set, and a list of src and dst",
  parse: ([name = "", list = ""]) => {
    const directions = list.split(",").flatMap((word): Directions => (word === "src" || word === "dst" ? [word] : []));
    const complete = directions.length === list.split(",").length && directions.length <= MOST;
    return complete && name !== "" && name.length <= 31 ? { name, directions } : undefined;
  },
  save: ({ name, directions }) => `${name} ${directions.join(",")}`,
};

/** "source", or "source and destination". */
export function directionWords({ directions }: SetUse): string {
  return oneOf(
    directions.map((direction) => (direction === "src" ? "source" : "destination")),
    "and",
  );
}

/** A set that exists, with a direction for each part of its elements; rarely with too few of them, and then nothing is in it. */
export function drawSetUse(d: Draw): string | undefined {
  const set = d.set();
  if (set === undefined) return undefined;
  const length = d.chance(20) ? d.integer(1, 6) : set.dimensions;
  return `${set.name} ${Array.from({ length }, () => d.pick(["src", "dst"])).join()}`;
}
