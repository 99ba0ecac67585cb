import type { Frame, Packet, Source } from "../model/packet.ts";
import type { PacketTrace, Way } from "../model/trace.ts";
import type { Entry } from "./entry.ts";
import type { FlowNumbers } from "./flow-numbers.ts";
import type { Departure, Followed } from "./follow.ts";
import { SeenAgain } from "./recalled.ts";
import type { Sighting } from "./run.ts";
import type { OpenTrace, Waiting } from "./waiting.ts";
import type { World } from "./world.ts";

const NOTHING: readonly never[] = [];

/** Another sighting of a packet that was replayed before. */
export function again({ trace }: Waiting, frame: Frame, packet: Packet, { netns, name, direction }: Entry): SeenAgain {
  return new SeenAgain(trace as PacketTrace, frame, packet, {
    netns: netns.name,
    ...(name === undefined ? {} : { interface: name }),
    direction,
  });
}

/** Name of the capture that a frame is of. */
export function captureOf({ source }: Frame, own: Source): string {
  return (source ?? own).capture;
}

/** What is told of a packet that was followed. */
export function traceOf(world: World, departure: Departure, followed: Followed, flows: FlowNumbers, capture: string): OpenTrace {
  const { entry, frame, packet } = departure;
  const { ways } = followed;
  const way = ways[0] as Way;
  const agree = ways.every((other) => other.verdict === way.verdict);
  const device = entry.name;
  const assumptions = world.assumptions.take();
  return {
    frame,
    capture,
    packet,
    netns: entry.netns.name,
    ...(device === undefined ? {} : { interface: device }),
    direction: entry.direction,
    flow: flows.of(packet, followed.connections),
    certainty: ways.length > 1 ? "possible" : assumptions.length > 0 ? "assumed" : "certain",
    way: agree ? way : { ...way, verdict: "unknown", undecided: undecided(ways) },
    alternatives: ways.length > 1 ? ways : [],
    decided: [],
    assumptions,
    observed: NOTHING,
    missing: NOTHING,
  };
}

/** A packet that was first seen on its way out is not looked for where it was seen. */
export function withoutItself(sightings: readonly Sighting[], entry: Entry, packet: Packet): readonly Sighting[] {
  const { netns, direction, device, outgoing } = entry;
  const there = (s: Sighting) => s.netns === netns.name && s.interface === device?.name && s.direction === direction;
  if (!outgoing) return sightings.filter((s) => !(there(s) && s.packet === packet));
  const own = sightings.findIndex(there);
  return own < 0 ? sightings : sightings.slice(own + 1);
}

function undecided(ways: readonly Way[]): string {
  return ways.flatMap((way) => way.conditions)[0] ?? "something that was not given";
}
