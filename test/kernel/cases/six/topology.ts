import type { Topology } from "../case.ts";
import type { Dice } from "../dice.ts";
import { bridged6 } from "./bridge.ts";
import { macvlans6 } from "./macvlan.ts";
import { router6 } from "./router.ts";
import { row6 } from "./row.ts";

/** A random machine that speaks IPv6. */
export function drawTopology6(dice: Dice): Topology {
  return dice.weighted([5, router6], [4, bridged6], [3, row6], [2, macvlans6])(dice);
}
