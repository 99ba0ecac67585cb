import type { Packet } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import type { Sighting } from "./run.ts";

const NO_OCTETS = new Uint8Array(0);

/** A trace and its sightings as they are remembered: without the octets of the packet, which would hold on to the capture that they lie in. */
export function lean(trace: PacketTrace, sightings: readonly Sighting[]): { readonly trace: PacketTrace; readonly sightings: Sighting[] } {
  // Packets that were one and the same stay so.
  const made = new Map<Packet, Packet>();
  const bare = (packet: Packet): Packet => {
    const known = made.get(packet);
    if (known) return known;
    const { transport } = packet;
    const one = { ...packet, payload: NO_OCTETS, ...(transport?.kind === "tcp" && { transport: { ...transport, options: [] } }) };
    made.set(packet, one);
    return one;
  };
  const { frame, way } = trace;
  const packet = bare(trace.packet);
  return {
    trace: {
      ...trace,
      packet,
      frame: { ...frame, packet },
      way: { ...way, out: way.out.map((one) => ({ ...one, packet: bare(one.packet) })) },
    },
    sightings: sightings.map((one) => ({ ...one, packet: bare(one.packet) })),
  };
}
