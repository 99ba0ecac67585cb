import type { Frame, Packet } from "../model/packet.ts";
import type { ConntrackStep, PacketTrace, Step, Way } from "../model/trace.ts";
import type { Entry } from "./entry.ts";
import { FirstIn } from "./first-in.ts";
import type { Course } from "./follow.ts";
import { lean, Shared } from "./lean.ts";
import { REMEMBERED, type Tracked } from "./lesson.ts";
import { hashOf, isAlike, isOrdinary, type Likeness } from "./likeness.ts";
import { OtherSteps } from "./other-steps.ts";
import { Recalled } from "./recalled.ts";
import type { Sighting } from "./run.ts";
import { longestSegment } from "./segments.ts";
import { TurnBack } from "./turn-back.ts";
import type { World } from "./world.ts";

/** Directions of connections that are kept in mind. */
const MOST = 12_288;
/** So many of them are asked whether they are still in use, when there is no room for another one. */
const ASKED = 2;
/** Steps that say nothing that can be different for the next packet. */
const SAME: ReadonlySet<Step["kind"]> = new Set(["rule", "policy", "return", "nat", "route", "neighbour", "device", "local", "stack"]);

/** A turn of connection tracking, which a further packet takes as well. */
type Turn = Pick<Tracked, "conntrack" | "connection" | "direction" | "step">;

/** What became of a packet of an established connection, for those that come after it the same way. */
interface Memory extends Likeness {
  readonly hash: number;
  readonly trace: PacketTrace;
  readonly sightings: readonly Sighting[];
  readonly tracked: readonly Turn[];
  readonly at: bigint;
  /** What its TCP flags were, where rules looked at them. */
  readonly flags: number | undefined;
  /** How much it had lost of its TTL where it was seen last. */
  readonly hops: number;
  readonly age: number;
  /** A packet went this way since the last time that somebody asked. */
  inUse: boolean;
}

/** A packet that went as an earlier one of its connection, which was seen where `sightings` say. */
export interface Recollection {
  readonly trace: Recalled;
  readonly sightings: readonly Sighting[];
  readonly first: Packet;
}

/** Is told which traces are remembered. */
export interface Keeper {
  /** Others may be like it from now on. */
  learned(trace: PacketTrace): void;
  /** None will be like this one any more. */
  forgot(like: PacketTrace): void;
}

/**
 * Remembers which way the packets of established connections go, as long as no rule on it looks at anything in which they differ. What
 * connection tracking makes of each packet is always asked.
 */
export class FlowMemory {
  readonly #world: World;
  readonly #keeper: Keeper | undefined;
  readonly #known = new Map<number, Memory[]>();
  readonly #shared = new Shared();
  readonly #others = new OtherSteps();
  /** What the packet at hand has changed, by its turns. */
  readonly #back: TurnBack[] = [];
  /** What was learned: first what is to be forgotten next. */
  readonly #learned = new FirstIn<Memory>();
  /** Packets up to this length fit every device and every route. */
  readonly #fitting: number;

  constructor(world: World, keeper?: Keeper) {
    this.#world = world;
    this.#keeper = keeper;
    this.#fitting = smallestMtu(world);
  }

  /** The trace of a packet that must go as one before it did, with its turns of connection tracking done; undefined when that is not certain. */
  recall(entry: Entry, frame: Frame, packet: Packet): Recollection | undefined {
    const { state } = this.#world;
    const hash = hashOf(packet);
    const list = hash === undefined ? undefined : this.#known.get(hash);
    const memory = list && alikeAmong(list, entry, frame, packet);
    if (!memory || memory.age !== state.age || state.isDoubtful || frame.time - memory.at > REMEMBERED || !isOrdinary(packet))
      return undefined;
    const first = memory.trace.packet;
    if (packet.length > first.length && packet.length > this.#fitting) return undefined;
    // One that FORWARD dropped had another hop to go: a TTL that is over is noticed before (net/ipv4/ip_forward.c).
    if (packet.ttl <= memory.hops + 1) return undefined;
    if (memory.flags !== undefined && memory.flags !== flagsOf(packet)) return undefined;
    if (longestSegment(packet, memory.device, entry.direction) !== undefined) return undefined;
    if (!this.#retrack(memory.tracked, packet, frame.time)) return undefined;
    this.#world.assumptions.take();
    memory.inUse = true;
    const otherSteps = this.#otherSteps(memory.tracked);
    return { trace: new Recalled(memory.trace, memory.device.name, frame, packet, otherSteps), sightings: memory.sightings, first };
  }

  /** The steps of turns that were taken for a further packet, where they are not quite as before. */
  #otherSteps(turns: readonly Turn[]): PacketTrace["otherSteps"] {
    let others: PacketTrace["otherSteps"];
    for (let i = 0; i < turns.length; i++) {
      const { connection, step } = turns[i] as Turn;
      const protocolState = connection?.tcp?.state;
      if (step.protocolState === undefined || protocolState === undefined || step.protocolState === protocolState) continue;
      others = this.#others.with(others, step, protocolState);
    }
    return others;
  }

  /** Takes the turns of connection tracking for a further packet; all is put back where one goes otherwise. */
  #retrack(turns: readonly Turn[], packet: Packet, now: bigint): boolean {
    for (let i = 0; i < turns.length; i++) {
      const { conntrack, connection, direction } = turns[i] as Turn;
      this.#back[i] ??= new TurnBack();
      if (connection) this.#back[i]?.note(connection);
      if (connection && conntrack.takeAgain(connection, direction, packet, now)) continue;
      for (let done = connection ? i : i - 1; done >= 0; done--) this.#back[done]?.restore();
      return false;
    }
    return true;
  }

  /** Takes note of how a packet went of which one course is known. */
  learn(entry: Entry, { way, lesson, undecided }: Course, trace: PacketTrace, sightings: readonly Sighting[]): void {
    if (undecided || !lesson?.steady || !lesson.tracked.every(isSettled)) return;
    const connections = new Set<unknown>(lesson.tracked.map(({ connection }) => connection));
    if (!lesson.changed.every((change) => connections.has(change))) return;
    const { frame, packet } = trace;
    const { netns, device, direction, outgoing, type, dstMac } = entry;
    const hash = hashOf(packet);
    if (hash === undefined || !device || !isOrdinary(packet)) return;
    if (trace.way !== way || !isPlain(way) || trace.alternatives.length > 0 || trace.decided.length > 0) return;
    const seen = [...way.out.map((one) => one.packet), ...sightings.map((one) => one.packet), ...lesson.tracked.map((one) => one.packet)];
    // Mostly these are two packets, again and again.
    if (!seen.every((one, i) => seen.indexOf(one) < i || isLike(one, packet))) return;
    this.#forget(frame.time);
    if (!this.#hasRoom()) return;
    const others = this.#otherThan(hash, entry, frame, packet);
    const { trace: like, sightings: seenAt, stepOf } = lean(trace, sightings, this.#shared);
    const memory: Memory = {
      hash,
      netns,
      device,
      direction,
      outgoing,
      type,
      dstMac,
      srcMac: frame.srcMac,
      vlans: frame.vlans,
      trace: like,
      sightings: seenAt,
      tracked: lesson.tracked.map(({ conntrack, connection, direction, step }) => ({
        ...{ conntrack, connection, direction },
        step: stepOf(step) as ConntrackStep,
      })),
      at: frame.time,
      flags: lesson.flags ? flagsOf(packet) : undefined,
      hops: Math.max(0, ...seen.map((one) => packet.ttl - one.ttl)),
      age: this.#world.state.age,
      inUse: false,
    };
    this.#known.set(hash, [...others, memory]);
    this.#learned.push(memory);
    this.#keeper?.learned(trace);
  }

  /** What is remembered under a hash beside what a packet comes in the place of, which nobody goes by any more. */
  #otherThan(hash: number, entry: Entry, frame: Frame, packet: Packet): readonly Memory[] {
    const known = this.#known.get(hash) ?? [];
    const replaced = alikeAmong(known, entry, frame, packet);
    if (!replaced) return known;
    replaced.inUse = false;
    return known.filter((one) => one !== replaced);
  }

  /** Lets go of what is too old to be gone by. */
  #forget(now: bigint): void {
    for (let { first } = this.#learned; first && now - first.at > REMEMBERED; first = this.#learned.first) this.#forgetFirst();
  }

  /**
   * Finds room for another one: what was learned first has to go, unless it is in use. Where more connections are busy than there is room for,
   * those that are kept in mind stay so; were the oldest to go, each would be forgotten before its next packet.
   */
  #hasRoom(): boolean {
    for (let asked = 0; this.#learned.length >= MOST && asked < ASKED; asked++) {
      const first = this.#learned.first as Memory;
      if (!first.inUse) {
        this.#forgetFirst();
        continue;
      }
      first.inUse = false;
      this.#learned.shift();
      this.#learned.push(first);
    }
    return this.#learned.length < MOST;
  }

  #forgetFirst(): void {
    const first = this.#learned.shift();
    if (!first) return;
    this.#keeper?.forgot(first.trace);
    const rest = (this.#known.get(first.hash) ?? []).filter((one) => one !== first);
    if (rest.length > 0) this.#known.set(first.hash, rest);
    else this.#known.delete(first.hash);
  }
}

/** The MTU that no device and no route of any namespace goes below. */
function smallestMtu({ netns }: World): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const { namespace } of netns.values()) {
    for (const { mtu } of namespace.devices ?? []) smallest = Math.min(smallest, mtu);
    for (const { mtu } of [...(namespace.routes ?? []), ...(namespace.routes6 ?? [])]) smallest = Math.min(smallest, mtu ?? smallest);
  }
  return Number.isFinite(smallest) ? smallest : 0;
}

function alikeAmong(list: readonly Memory[], entry: Entry, frame: Frame, packet: Packet): Memory | undefined {
  for (let i = 0; i < list.length; i++) if (isAlike(list[i] as Memory, entry, frame, packet)) return list[i];
  return undefined;
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

/** Whether nothing was changed but addresses, ports and TTL. */
function isLike(became: Packet, first: Packet): boolean {
  if (became === first) return true;
  return sameBut(became, first, CHANGED) && sameBut(became.transport ?? {}, first.transport ?? {}, PORTS);
}

const CHANGED: ReadonlySet<string> = new Set(["src", "dst", "ttl", "transport"]);
const PORTS: ReadonlySet<string> = new Set(["sport", "dport"]);

function sameBut(a: object, b: object, left: ReadonlySet<string>): boolean {
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in one) if (one[key] !== other[key] && !left.has(key)) return false;
  for (const key in other) if (one[key] === undefined && other[key] !== undefined && !left.has(key)) return false;
  return true;
}
