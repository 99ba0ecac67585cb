import type { Assumption } from "../model/host.ts";
import { frameNumber } from "../model/packet.ts";
import type { Capture, Clue } from "./clues.ts";
import type { Source } from "./decisions.ts";
import { type Course, type Departure, explore } from "./follow.ts";
import type { Listed } from "./listed.ts";
import { weigh } from "./witness.ts";
import type { World } from "./world.ts";

/** What is known of a packet's ways after everything was asked that can tell. */
interface Outcome {
  /** Its ways with the ports that were told. */
  readonly explored: readonly Course[];
  /** Those among them that nothing speaks against. */
  readonly left: readonly Course[];
  readonly sources: readonly Source[];
  readonly assumptions: readonly Assumption[];
  /** Keys of packets still to come that could tell more. */
  readonly wanted: ReadonlySet<number>;
}

const NOTHING: ReadonlySet<number> = new Set();
const NONE: readonly never[] = [];

/**
 * Asks the capture further on, and in the end the list of connections, which way a packet went. Ports that they tell are left in
 * `world.told`, and the ways are followed again with them.
 */
export function decide(
  world: World,
  departure: Departure,
  first: readonly Course[],
  capture: Capture,
  listed: Listed | undefined,
): Outcome {
  // Of most packets nothing is open.
  if (first.length === 1 && first[0]?.opened.length === 0)
    return { explored: first, left: first, sources: NONE, assumptions: NONE, wanted: NOTHING };
  let explored = first;
  const sources: Source[] = [];
  const assumptions: Assumption[] = [];
  for (;;) {
    const { left, ports, witnesses, wanted } = weigh(departure, explored, capture);
    if (wanted.size > 0 && !listed) return { explored: first, left: first, sources: [], assumptions: [], wanted };
    const listing = wanted.size > 0 ? listed?.weigh(left, departure.frame.time) : undefined;
    sources.push(...witnesses.map(sourceOf));
    if (listing) {
      sources.push({ by: "listed" });
      if (!listing.younger) assumptions.push(youngList(departure));
    }
    const told = new Map([...ports, ...(listing?.ports ?? [])]);
    if (told.size === 0) return { explored, left: listing?.left ?? left, sources, assumptions, wanted: NOTHING };
    for (const [key, port] of told) world.told.set(key, port);
    world.state.rollback();
    explored = explore(world, departure);
  }
}

function sourceOf({ by, ahead, device }: Clue): Source {
  const { number, source } = ahead.frame;
  return { by, packet: number, ...(source && { capture: source.capture }), ...(device === undefined ? {} : { interface: device }) };
}

function youngList({ frame }: Departure): Assumption {
  return {
    id: "snapshot-age",
    text: `conntrack -L was taken after packet ${frameNumber(frame)}`,
    flag: "--snapshot (takenAt in snapshot.json)",
  };
}
