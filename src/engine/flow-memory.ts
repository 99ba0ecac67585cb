import type { Frame, Packet } from "../model/packet.ts";
import type { Appearance, ConntrackStep, PacketTrace, Step, Way } from "../model/trace.ts";
import type { Entry } from "./entry.ts";
import type { Course } from "./follow.ts";
import type { Tracked } from "./lesson.ts";
import type { Mutable } from "./observe.ts";
import type { Sighting } from "./run.ts";
import { longestSegment } from "./segments.ts";
import { rewrite, type Skb } from "./skb.ts";
import type { World } from "./world.ts";

/** Directions of connections that are kept in mind; when there are more, all is forgotten. */
const MOST = 65_536;
/** Routes to neighbours and the like are looked at anew after so many nanoseconds. */
const KEPT = 10_000_000_000n;
/** Steps that say nothing that can be different for the next packet. */
const SAME: ReadonlySet<Step["kind"]> = new Set(["rule", "policy", "return", "nat", "route", "neighbour", "device", "local", "stack"]);

/** What became of a packet of an established connection, for those that come after it the same way. */
interface Memory {
  readonly trace: PacketTrace;
  readonly sightings: readonly Sighting[];
  readonly tracked: readonly Tracked[];
  readonly at: bigint;
  /** What its TCP flags were, where rules looked at them. */
  readonly flags: number | undefined;
  /** How much it had lost of its TTL where it was seen last. */
  readonly hops: number;
  readonly age: number;
}

/** A packet that went as an earlier one of its connection. */
export interface Recalled {
  readonly trace: Mutable;
  readonly sightings: readonly Sighting[];
}

/**
 * Remembers which way the packets of established connections go, as long as no rule on it looks at anything in which they differ. What
 * connection tracking makes of each packet is always asked.
 */
export class FlowMemory {
  readonly #world: World;
  readonly #known = new Map<string, Memory>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The trace of a packet that must go as one before it did, with its turns of connection tracking done; undefined when that is not certain. */
  recall(entry: Entry, frame: Frame, packet: Packet): Recalled | undefined {
    const { state } = this.#world;
    const key = keyOf(entry, frame, packet);
    const memory = key === undefined ? undefined : this.#known.get(key);
    if (!memory || memory.age !== state.age || state.isDoubtful || frame.time - memory.at > KEPT) return undefined;
    const first = memory.trace.packet;
    if (packet.length > first.length || packet.ttl <= memory.hops || entry.device === undefined) return undefined;
    if (memory.flags !== undefined && memory.flags !== flagsOf(packet)) return undefined;
    if (longestSegment(packet, entry.device, entry.direction) !== undefined) return undefined;
    state.commit();
    const steps = new Map<Step, Step>();
    for (const one of memory.tracked) {
      const step = this.#track(one, like(one.packet, first, packet), frame.time);
      if (!step) {
        state.rollback();
        return undefined;
      }
      if (step !== one.step) steps.set(one.step, step);
    }
    state.commit();
    this.#world.assumptions.take();
    return { trace: traceLike(memory.trace, frame, packet, steps), sightings: memory.sightings.map((one) => seenLike(one, first, packet)) };
  }

  /** One turn of connection tracking; undefined when it does not find what it found before. */
  #track(before: Tracked, packet: Packet, now: bigint): ConntrackStep | undefined {
    const { connection, direction, step } = before;
    if (!connection) return undefined;
    const skb = { packet, ctState: "INVALID", ctDirection: "original" } as Skb;
    const why = before.conntrack.track(skb, now, before.prerouting);
    if (why !== undefined || skb.takenForOpening || skb.connection !== connection) return undefined;
    if (skb.ctState !== "ESTABLISHED" || skb.ctDirection !== direction) return undefined;
    const protocolState = connection.tcp?.state;
    return step.protocolState === undefined || protocolState === undefined || step.protocolState === protocolState
      ? step
      : { ...step, protocolState };
  }

  /** Takes note of how a packet went of which one course is known. */
  learn(entry: Entry, { way, lesson, undecided }: Course, trace: PacketTrace, sightings: readonly Sighting[]): void {
    if (undecided || !lesson?.steady || !lesson.tracked.every(isSettled)) return;
    const connections = new Set(lesson.tracked.map(({ connection }) => connection?.stateKey));
    if (!lesson.changed.every((key) => connections.has(key))) return;
    const { frame, packet } = trace;
    const key = keyOf(entry, frame, packet);
    if (key === undefined || trace.way !== way || !isPlain(way) || trace.alternatives.length > 0 || trace.decided.length > 0) return;
    const seen = [...way.out.map((one) => one.packet), ...sightings.map((one) => one.packet), ...lesson.tracked.map((one) => one.packet)];
    if (!seen.every((one) => isLike(one, packet))) return;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(key, {
      trace,
      sightings,
      tracked: lesson.tracked,
      at: frame.time,
      flags: lesson.flags ? flagsOf(packet) : undefined,
      hops: Math.max(0, ...seen.map((one) => packet.ttl - one.ttl)),
      age: this.#world.state.age,
    });
  }
}

/** What packets have in common that go the same way; undefined for those of which nothing is remembered. */
function keyOf(entry: Entry, frame: Frame, packet: Packet): string | undefined {
  const { transport } = packet;
  if (transport?.kind !== "tcp" && transport?.kind !== "udp") return undefined;
  if (packet.fragment || packet.defect || packet.ipOptions || packet.extensionHeaders || packet.flowLabel || frame.vlans) return undefined;
  const { netns, device, direction, outgoing, type, dstMac } = entry;
  if (!device || packet.headerChecksum === "bad" || packet.checksum === "bad" || packet.checksum === "partial") return undefined;
  const place = `${netns.name}|${device.name}|${direction}|${outgoing}|${type}|${dstMac}|${frame.srcMac}`;
  const { src, dst, protocol, tos } = packet;
  return `${place}|${src}|${dst}|${protocol}|${transport.sport}|${transport.dport}|${tos}|${packet.checksum}|${packet.dontFragment}`;
}

function flagsOf({ transport }: Packet): number | undefined {
  return transport?.kind === "tcp" ? transport.flags : undefined;
}

/** Whether a turn of connection tracking found a connection whose packets it takes in without more. */
function isSettled({ connection, step }: Tracked): boolean {
  if (!connection) return false;
  const { confirmed, helper, shifts, asked, listed, drawn, master, dying } = connection;
  return step.state === "ESTABLISHED" && confirmed && !dying && !helper && !shifts && !asked && !listed && !drawn && !master;
}

/** Whether a way is made of nothing but steps that are the same for the next packet. */
function isPlain({ steps, replies, copies, verdict, at }: Way): boolean {
  // What no rule has dropped may have been too long, or late.
  const isClear = verdict === "forwarded" || verdict === "delivered" || (verdict === "dropped" && at.table !== undefined);
  if (!isClear || replies.length > 0 || copies) return false;
  return steps.every((step) => step.kind === "conntrack" || SAME.has(step.kind));
}

/** A packet as another one became on the same way: other addresses, ports, TTL. */
function like(became: Packet, first: Packet, packet: Packet): Packet {
  if (became === first) return packet;
  const ports = became.transport && "sport" in became.transport ? { sport: became.transport.sport, dport: became.transport.dport } : {};
  return { ...rewrite(packet, { src: became.src, dst: became.dst, ...ports }), ttl: packet.ttl - (first.ttl - became.ttl) };
}

/** Whether nothing else was changed. */
function isLike(became: Packet, first: Packet): boolean {
  const expected = like(became, first, first);
  const { transport: one, ...rest } = became;
  const { transport: other, ...others } = expected;
  return sameFields(rest, others) && sameFields(one ?? {}, other ?? {});
}

function sameFields(a: object, b: object): boolean {
  const [one, other] = [Object.entries(a), new Map(Object.entries(b))];
  return one.length === other.size && one.every(([key, value]) => other.get(key) === value);
}

function seenLike(sighting: Sighting, first: Packet, packet: Packet): Sighting {
  return { ...sighting, packet: like(sighting.packet, first, packet) };
}

function traceLike(trace: PacketTrace, frame: Frame, packet: Packet, steps: ReadonlyMap<Step, Step>): Mutable {
  const { packet: first, way } = trace;
  const out = way.out.map((one): Appearance => ({ ...one, packet: like(one.packet, first, packet) }));
  const own = steps.size === 0 ? way.steps : way.steps.map((step) => steps.get(step) ?? step);
  return { ...trace, frame, packet, way: { ...way, steps: own, out }, observed: [], missing: [] };
}
