import type { Topology } from "./case.ts";
import type { Dice } from "./dice.ts";
import { bridged } from "./topology-bridge.ts";
import { macvlans } from "./topology-macvlan.ts";
import { router } from "./topology-router.ts";
import { row } from "./topology-row.ts";

/** A random machine. */
export function drawTopology(dice: Dice): Topology {
  return dice.weighted([5, router], [4, bridged], [3, row], [2, macvlans])(dice);
}
