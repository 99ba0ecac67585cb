import type { Packet } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import type { Sighting } from "./run.ts";

const NO_OCTETS = new Uint8Array(0);

const NONE: readonly never[] = [];

/** A list that takes no more room than it needs. */
function exact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice();
}

/** A trace and its sightings as they are remembered: without the octets of the packet, which would hold on to the capture that they lie in. */
export function lean(trace: PacketTrace, sightings: readonly Sighting[]): { readonly trace: PacketTrace; readonly sightings: Sighting[] } {
  // Packets that were one and the same stay so.
  const made = new Map<Packet, Packet>();
  const bare = (packet: Packet): Packet => {
    const known = made.get(packet);
    if (known) return known;
    const { transport } = packet;
    const one = { ...packet, payload: NO_OCTETS, ...(transport?.kind === "tcp" && { transport: { ...transport, options: NONE } }) };
    made.set(packet, one);
    return one;
  };
  const { frame, way } = trace;
  const packet = bare(trace.packet);
  const { steps, replies, conditions } = way;
  return {
    trace: {
      ...trace,
      packet,
      frame: { ...frame, packet },
      alternatives: exact(trace.alternatives),
      decided: exact(trace.decided),
      assumptions: exact(trace.assumptions),
      observed: NONE,
      missing: NONE,
      way: {
        ...way,
        steps: exact(steps),
        replies: exact(replies),
        conditions: exact(conditions),
        out: way.out.map((one) => ({ ...one, packet: bare(one.packet) })),
      },
    },
    sightings: sightings.map((one) => ({ ...one, packet: bare(one.packet) })),
  };
}
