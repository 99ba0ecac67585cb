import type { Draw } from "../../src/extensions/draw.ts";

type Rule = Pick<Draw, "family" | "table" | "hooks" | "protocol" | "backend">;

/** Numbers of 32 bits in an order that the seed decides (Steele, Lea and Flood's SplitMix, in its 32 bits' form). */
function splitMix(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** Draws out of a small world with a set of every kind, the same ones for the same seed. */
export function seededDraw(seed: number, rule: Rule): Draw {
  const next = splitMix(seed);
  let names = 0;
  const four = rule.family === 4;
  const integer = (min: number, max: number) => min + Math.floor((next() / 2 ** 32) * (max - min + 1));
  const pick = <T>(values: readonly T[]): T => values[integer(0, values.length - 1)] as T;
  const host = (side: "src" | "dst", last: number) =>
    four ? `10.${side === "src" ? 1 : 2}.0.${last}` : `2001:db8:${side === "src" ? 1 : 2}::${last}`;
  return {
    ...rule,
    integer,
    pick,
    chance: (oneIn) => integer(1, oneIn) === 1,
    address: (side) => host(side, integer(1, 4)),
    network: (side) => (four ? `${host(side, 0)}/24` : `${host(side, 0)}/64`.replace("::0/", "::/")),
    range: (side) => [host(side, integer(1, 3)), host(side, integer(3, 9))],
    port: (side) => (side === "src" ? integer(1024, 1030) : pick([22, 53, 80, 8080, 65_535])),
    natAddress: (manip) => host(manip, integer(20, 24)),
    natPort: () => integer(8000, 8003),
    device: (side) => pick([`${side}0`, `${side}+`]),
    bridgePort: (side) => pick([undefined, `${side}1`, `${side}+`]),
    mark: () => integer(0, 3),
    set: () => {
      const [kind, dimensions] = pick([
        ["hash:ip", 1],
        ["hash:ip,port", 2],
        ["hash:ip,port,net", 3],
        ["bitmap:port", 1],
        ["list:set", 1],
      ] as const);
      return { name: `s${rule.family}-${kind.replace(/\W/g, "-")}`, dimensions, family: rule.family, kind };
    },
    mac: () => `02:00:00:00:00:0${integer(1, 3)}`,
    name: (prefix) => `${prefix}${seed}-${names++}`,
  };
}
