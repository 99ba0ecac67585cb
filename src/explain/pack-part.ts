import { type PackedTraces, packTraces, unpackTraces } from "../jobs/pack-traces.ts";
import type { Host } from "../model/host.ts";
import type { PacketTrace } from "../model/trace.ts";
import type { Connection } from "./collected.ts";
import type { Part } from "./part.ts";

/** A connection whose traces are named by their places among those of the part. */
interface PackedConnection {
  readonly flow: number;
  readonly first: number;
  readonly packets: number;
  readonly outcomes: readonly { readonly key: string; readonly first: number; readonly reply: boolean; readonly packets: number }[];
}

/** A part as it goes from thread to thread. */
export interface PackedPart {
  readonly part: Omit<Part, "quiet" | "troubled">;
  readonly quiet: readonly PackedConnection[];
  readonly troubled: readonly PackedConnection[];
  readonly traces: PackedTraces;
}

/** Packs a part for another thread, which has read the same host. */
export function packPart(host: Host, { quiet, troubled, ...part }: Part): PackedPart {
  const places = new Map<PacketTrace, number>();
  const placeOf = (trace: PacketTrace): number => {
    const known = places.get(trace) ?? places.size;
    places.set(trace, known);
    return known;
  };
  const pack = ({ flow, first, packets, outcomes }: Connection): PackedConnection => ({
    ...{ flow, packets, first: placeOf(first) },
    outcomes: [...outcomes].map(([key, outcome]) => ({ ...outcome, key, first: placeOf(outcome.first) })),
  });
  const packed = { quiet: quiet.map(pack), troubled: troubled.map(pack) };
  return { part, ...packed, traces: packTraces(host, [...places.keys()]) };
}

/** What `packPart` has packed. */
export function unpackPart(host: Host, capture: string, { part, quiet, troubled, traces }: PackedPart): Part {
  const found = unpackTraces(host, capture, traces);
  const at = (place: number): PacketTrace => found[place] as PacketTrace;
  const unpack = ({ flow, first, packets, outcomes }: PackedConnection): Connection => ({
    ...{ flow, packets, first: at(first) },
    outcomes: new Map(outcomes.map(({ key, ...outcome }) => [key, { ...outcome, first: at(outcome.first) }])),
  });
  return { ...part, quiet: quiet.map(unpack), troubled: troubled.map(unpack) };
}
