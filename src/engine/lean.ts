import type { Packet } from "../model/packet.ts";
import type { PacketTrace, Translation } from "../model/trace.ts";
import type { Sighting } from "./run.ts";

const NO_OCTETS = new Uint8Array(0);

const NONE: readonly never[] = [];

/** A list that takes no more room than it needs. */
function exact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice();
}

/** So many texts are kept in mind. */
const MOST = 4096;

/** Texts that were put together, each in one piece and once for all that have it. */
export class Texts {
  readonly #met = new Map<string, string>();

  /** The text that stands for all of this content. */
  one(text: string): string {
    const known = this.#met.get(text);
    if (known !== undefined) return known;
    if (this.#met.size >= MOST) this.#met.clear();
    this.#met.set(text, text);
    return text;
  }
}

/** A trace and its sightings as they are remembered: without the octets of the packet, which would hold on to the capture that they lie in. */
export function lean(
  trace: PacketTrace,
  sightings: readonly Sighting[],
  texts: Texts,
): { readonly trace: PacketTrace; readonly sightings: Sighting[] } {
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
  const flat = <T extends Translation>(one: T): T => ({ ...one, from: texts.one(one.from), to: texts.one(one.to) });
  const { frame, way } = trace;
  const packet = bare(trace.packet);
  const { steps, replies, conditions, nat } = way;
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
        steps: steps.map((step) => (step.kind === "nat" ? flat(step) : step)),
        nat: { ...(nat.src && { src: flat(nat.src) }), ...(nat.dst && { dst: flat(nat.dst) }) },
        replies: exact(replies),
        conditions: exact(conditions),
        out: way.out.map((one) => ({ ...one, packet: bare(one.packet) })),
      },
    },
    sightings: sightings.map((one) => ({ ...one, packet: bare(one.packet) })),
  };
}
