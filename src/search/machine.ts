import type { Hook, Ruleset } from "../model/rule.ts";
import type { Machine as AnyMachine } from "../probe/machine.ts";
import { naturalPacket } from "../probe/natural-packet.ts";
import { type Replayed, replays, routesTo } from "../probe/replays.ts";
import type { Universe } from "../sets/guard.ts";
import type { Point } from "./point.ts";

/** A ruleset on its machine. */
export interface Machine extends AnyMachine {
  readonly ruleset: Ruleset;
}

/** Replays a packet so that it comes to a hook, first with what is known of the machine alone, then with a route where none is known. */
export function* replaysOf(machine: Machine, universe: Universe, { box }: Point, hook: Hook): Generator<Replayed> {
  const packet = naturalPacket(box, universe);
  if (packet) yield* replays(machine, packet, hook, routesTo(machine, packet, hook));
}
