import type { Dice } from "./dice.ts";

const LONGEST = 40;
const PADDING = [0, 0, 0, 1, 1, 7];
/** Not valid, each in a way of its own. */
const WRONG = [
  [7, 2],
  [7, 3, 3],
  [131, 2],
  [131, 3, 3],
  [68, 3, 5],
  [68, 8, 4, 0, 0, 0, 0, 0],
  [99, 1],
  [99, 60],
  [148, 3, 0],
  [134, 6, 0, 0, 0, 1],
];

/** Options of an IPv4 header in hexadecimal digits, most of them valid; the addresses in them are picked from these. */
export function drawOptions(dice: Dice, addresses: readonly string[]): string {
  const octets: number[] = [];
  for (let left = dice.weighted([4, 1], [3, 2], [1, 3]); left > 0; left--) {
    const option = drawOption(dice, addresses);
    if (octets.length + option.length <= LONGEST) octets.push(...option);
  }
  while (octets.length === 0 || octets.length % 4 !== 0) octets.push(dice.pick(PADDING));
  return Buffer.from(octets).toString("hex");
}

function drawOption(dice: Dice, addresses: readonly string[]): number[] {
  const address = () => dice.pick(addresses).split(".").map(Number);
  const empty = (octets: number) => Array<number>(octets).fill(0);
  const places = dice.integer(1, 4);
  const used = dice.integer(0, places);
  const list = () => Array.from({ length: places }, address).flat();
  switch (dice.weighted([3, "route"], [3, "time"], [3, "source"], [1, "other"], [1, "wrong"])) {
    case "route":
      return [7, 3 + 4 * places, 4 + 4 * used, ...list()];
    case "time": {
      const kind = dice.pick([0, 1, 3]);
      const size = kind === 0 ? 4 : 8;
      const entries = Array.from({ length: places }, () => [...(kind === 0 ? [] : address()), ...empty(4)]).flat();
      return [68, 4 + size * places, 5 + size * used, kind | (dice.pick([0, 0, 3, 15]) << 4), ...entries];
    }
    case "source":
      return [dice.pick([131, 137]), 3 + 4 * places, 4 + 4 * used, ...list()];
    case "other":
      return dice.pick([[148, 4, 0, 0], [130, 11, ...empty(9)], [136, 4, 0, 7], [25, 4, 1, 2], [1], [0, 7, 9]]);
    default:
      return [...dice.pick(WRONG)];
  }
}
