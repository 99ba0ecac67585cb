import type { Frame, Packet, Tcp, TcpOption, Transport } from "../model/packet.ts";
import type { ConntrackStep, NatStep, PacketTrace, Step, Translation, Way } from "../model/trace.ts";
import type { Sighting } from "./run.ts";

const NO_OCTETS = new Uint8Array(0);
const NO_OPTIONS: readonly TcpOption[] = [];

const NONE: readonly never[] = [];

/** A list that takes no more room than it needs. */
function exact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice();
}

/** So many things of a sort are kept in mind. */
const MOST = 4096;
/** So many lists of steps that begin and end alike. */
const LISTS = 8;

/** What many remembered ways have in common, each thing once for all that have it. */
export class Shared {
  readonly #things = new Map<string, object>();
  readonly #lists = new Map<string, (readonly Step[])[]>();

  /** What stands for all that are equal to a thing, of which `key` says everything. */
  one<T extends object>(thing: T, key: string): T {
    const known = this.#things.get(key);
    if (known) return known as T;
    if (this.#things.size >= MOST) this.#things.clear();
    this.#things.set(key, thing);
    return thing;
  }

  /** The list that stands for all of these very steps, of which `key` says something. */
  list(steps: readonly Step[], key: string): readonly Step[] {
    let alike = this.#lists.get(key);
    if (!alike) {
      if (this.#lists.size >= MOST) this.#lists.clear();
      alike = [];
      this.#lists.set(key, alike);
    }
    const known = alike.find((one) => one.length === steps.length && one.every((step, i) => step === steps[i]));
    if (known) return known;
    if (alike.length >= LISTS) alike.shift();
    alike.push(steps);
    return steps;
  }
}

/** Of a TCP header its ports. */
class BareTcp {
  readonly sport: number;
  readonly dport: number;
  declare readonly kind: "tcp";
  declare readonly seq: number;
  declare readonly ack: number;
  declare readonly flags: number;
  declare readonly window: number;
  declare readonly headerLength: number;
  declare readonly options: readonly TcpOption[];

  constructor({ sport, dport }: Tcp) {
    this.sport = sport;
    this.dport = dport;
  }
}

// All have these in common, and nobody asks for them.
Object.assign(BareTcp.prototype, { kind: "tcp", seq: 0, ack: 0, flags: 0, window: 0, headerLength: 20, options: NO_OPTIONS });

/** Of a packet what tells one connection's from another's, and what has become of it on its way. */
class BarePacket {
  readonly family: Packet["family"];
  readonly src: Packet["src"];
  readonly dst: Packet["dst"];
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  readonly length: number;
  readonly headerLength: number;
  readonly dontFragment: Packet["dontFragment"];
  readonly flowLabel: Packet["flowLabel"];
  readonly checksum: Packet["checksum"];
  readonly transport: Transport | undefined;
  declare readonly payload: Uint8Array;

  constructor(packet: Packet) {
    this.family = packet.family;
    this.src = packet.src;
    this.dst = packet.dst;
    this.protocol = packet.protocol;
    this.ttl = packet.ttl;
    this.tos = packet.tos;
    this.length = packet.length;
    this.headerLength = packet.headerLength;
    this.dontFragment = packet.dontFragment;
    this.flowLabel = packet.flowLabel;
    this.checksum = packet.checksum;
    this.transport = packet.transport?.kind === "tcp" ? new BareTcp(packet.transport) : packet.transport;
  }
}

Object.assign(BarePacket.prototype, { payload: NO_OCTETS });

/** A trace and its sightings as they are remembered: without what only its own packet has, and with what others have as well only once. */
export function lean(
  trace: PacketTrace,
  sightings: readonly Sighting[],
  shared: Shared,
): { readonly trace: PacketTrace; readonly sightings: Sighting[]; readonly stepOf: (step: Step) => Step } {
  // Packets that were one and the same stay so.
  const made = new Map<Packet, Packet>();
  const bare = (packet: Packet): Packet => {
    const known = made.get(packet);
    if (known) return known;
    const one = new BarePacket(packet) as Packet;
    made.set(packet, one);
    return one;
  };
  const { frame, way } = trace;
  const packet = bare(trace.packet);
  const replaced = new Map<Step, Step>();
  const { steps, nat } = lessOf(way, replaced, shared);
  return {
    trace: {
      ...trace,
      packet,
      frame: lessOfFrame(frame, packet),
      alternatives: exact(trace.alternatives),
      decided: exact(trace.decided),
      assumptions: exact(trace.assumptions),
      observed: NONE,
      missing: NONE,
      way: {
        ...way,
        steps,
        nat,
        replies: exact(way.replies),
        conditions: exact(way.conditions),
        out: way.out.map((one) => ({ ...one, packet: bare(one.packet) })),
      },
    },
    sightings: sightings.map((one) => ({ ...one, packet: bare(one.packet) })),
    stepOf: (step) => replaced.get(step) ?? step,
  };
}

/** The steps of a way and its translations, as others have them; `replaced` is told of steps that are others then. */
function lessOf(way: Way, replaced: Map<Step, Step>, shared: Shared): Pick<Way, "steps" | "nat"> {
  const { nat } = way;
  const used = new Set<Step>();
  const steps = way.steps.map((step) => {
    if (step.kind !== "nat" && step.kind !== "conntrack") return step;
    const one = shared.one(step, keyOf(step));
    // Of two that look the same each may come to something else for the next packet.
    if (used.has(one)) return step;
    used.add(one);
    replaced.set(step, one);
    return one;
  });
  const flat = ({ from, to }: Translation): Translation => shared.one({ from, to }, `${from} ${to}`);
  return {
    steps: shared.list(steps, `${way.verdict} ${nat.src?.to} ${nat.dst?.to}`),
    nat: { ...(nat.src && { src: flat(nat.src) }), ...(nat.dst && { dst: flat(nat.dst) }) },
  };
}

function keyOf(step: NatStep | ConntrackStep): string {
  if (step.kind === "nat") return [step.netns, step.manip, step.by, step.from, step.to].join("\n");
  return [step.netns, step.state, step.direction, step.protocolState, step.note].join("\n");
}

function lessOfFrame({ number, time, captured, length }: Frame, packet: Packet): Frame {
  return { number, time, captured, length, packet };
}
