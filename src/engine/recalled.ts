import type { Frame, Packet } from "../model/packet.ts";
import type { Appearance, Observation, PacketTrace, Way } from "../model/trace.ts";
import { rewrite } from "./skb.ts";

const NONE: readonly never[] = [];

/** The trace of a packet that went as an earlier one of its connection did. Its way is only made when somebody looks at it. */
export class Recalled implements PacketTrace {
  frame: Frame;
  capture: string;
  packet: Packet;
  readonly netns: string;
  readonly interface: string;
  readonly direction: "in" | "out";
  flow: number;
  readonly certainty: PacketTrace["certainty"];
  readonly like: PacketTrace;
  readonly alternatives: readonly Way[];
  decided: PacketTrace["decided"];
  readonly assumptions: PacketTrace["assumptions"];
  observed: readonly Observation[] = NONE;
  missing: readonly string[] = NONE;
  readonly otherSteps: PacketTrace["otherSteps"];
  #way: Way | undefined;

  constructor(like: PacketTrace, device: string, frame: Frame, packet: Packet, otherSteps: PacketTrace["otherSteps"]) {
    this.frame = frame;
    this.capture = like.capture;
    this.packet = packet;
    this.netns = like.netns;
    this.interface = device;
    this.direction = like.direction;
    this.flow = like.flow;
    this.certainty = like.certainty;
    this.like = like;
    this.alternatives = like.alternatives;
    this.decided = like.decided;
    this.assumptions = like.assumptions;
    this.otherSteps = otherSteps;
  }

  get way(): Way {
    this.#way ??= this.#made();
    return this.#way;
  }

  /** Takes this frame, with its packet, in the place of one that is only lent. */
  keep(frame: Frame): void {
    this.frame = frame;
    this.packet = frame.packet ?? this.packet;
    this.#way = undefined;
  }

  #made(): Way {
    const { packet: first, way } = this.like;
    const out = way.out.map((one): Appearance => ({ ...one, packet: packetLike(one.packet, first, this.packet) }));
    const known = this.otherSteps;
    return { ...way, steps: known ? way.steps.map((step) => known.get(step) ?? step) : way.steps, out };
  }
}

/** A packet as another one, `first`, became on the same way: other addresses, ports, TTL. */
function packetLike(became: Packet, first: Packet, packet: Packet): Packet {
  if (became === first) return packet;
  const ports = became.transport && "sport" in became.transport ? { sport: became.transport.sport, dport: became.transport.dport } : {};
  return { ...rewrite(packet, { src: became.src, dst: became.dst, ...ports }), ttl: packet.ttl - (first.ttl - became.ttl) };
}

/** Another sighting of a packet that was replayed before. */
export class SeenAgain implements PacketTrace {
  readonly earlier: PacketTrace;
  readonly frame: Frame;
  readonly capture: string;
  readonly packet: Packet;
  readonly netns: string;
  readonly interface?: string;
  readonly direction: "in" | "out";
  readonly seenBefore: number;
  readonly seenBeforeIn?: string;
  readonly observed: readonly Observation[] = NONE;
  readonly missing: readonly string[] = NONE;

  constructor(earlier: PacketTrace, frame: Frame, packet: Packet, place: { netns: string; interface?: string; direction: "in" | "out" }) {
    this.earlier = earlier;
    this.frame = frame;
    this.capture = frame.source?.capture ?? earlier.capture;
    this.packet = packet;
    this.netns = place.netns;
    if (place.interface !== undefined) this.interface = place.interface;
    this.direction = place.direction;
    this.seenBefore = earlier.frame.number;
    if (earlier.frame.source) this.seenBeforeIn = earlier.capture;
  }

  get flow(): number {
    return this.earlier.flow;
  }

  get certainty(): PacketTrace["certainty"] {
    return this.earlier.certainty;
  }

  get way(): Way {
    return this.earlier.way;
  }

  get alternatives(): readonly Way[] {
    return this.earlier.alternatives;
  }

  get decided(): PacketTrace["decided"] {
    return this.earlier.decided;
  }

  get assumptions(): PacketTrace["assumptions"] {
    return this.earlier.assumptions;
  }
}
