import { isGroupMac } from "../model/address.ts";
import type { Assumption } from "../model/host.ts";
import { type Frame, frameNumber, type Packet } from "../model/packet.ts";
import type { Way } from "../model/trace.ts";
import { added, EMPTY } from "./added.ts";
import { type Connection, type DrawnPort, type FlowTuple, tupleOf } from "./connection.ts";
import { type Entry, skbOf } from "./entry.ts";
import { isSent, joinSent } from "./icmp-limit.ts";
import { ipReceive } from "./input.ts";
import type { Lesson } from "./lesson.ts";
import { receive } from "./link.ts";
import { UNKNOWN_DEVICE } from "./netns.ts";
import { sendLocal } from "./output.ts";
import { sendPassing } from "./passing.ts";
import { doubtLimits, isSaved, joinSaved } from "./peer-limit.ts";
import { hintedDevice } from "./route-input.ts";
import { Run, type Sighting } from "./run.ts";
import type { Skb } from "./skb.ts";
import { type Change, keyOf, type LeftBehind } from "./state.ts";
import { Undecided } from "./undecided.ts";
import type { World } from "./world.ts";

const NONE: readonly never[] = [];

/** How the reason begins when an earlier packet is to blame. */
const DEPENDS = "what became of packet ";

/** A packet about to be followed. */
export interface Departure {
  readonly entry: Entry;
  readonly frame: Frame;
  readonly packet: Packet;
  readonly mark: number;
}

/** A connection that a packet opens and leaves in the table. */
export interface Opened {
  readonly netns: string;
  readonly original: FlowTuple;
  readonly reply: FlowTuple;
  readonly drawn: DrawnPort | undefined;
}

/** One way that a packet can have gone, and what it would leave behind. */
export interface Course {
  readonly way: Way;
  readonly sightings: readonly Sighting[];
  readonly opened: readonly Opened[];
  /** Those of a way that could not be followed to its end, in the table or not. */
  readonly unfinished: readonly Opened[];
  /** The first that it was found to belong to. */
  readonly connection: Connection | undefined;
  /** Of the only way: what others can learn of it. */
  readonly lesson: Lesson | undefined;
  /** Why it could not be followed to its end. */
  readonly undecided: Undecided | undefined;
  /** What it had changed till then. */
  readonly changed: readonly Change[];
  /** Of one of several ways, or one that could not be followed to its end: what it would leave behind, and what it took for granted. */
  readonly leaves: LeftBehind | undefined;
  readonly assumptions: readonly Assumption[];
}

/** What following a packet gave. */
export interface Followed {
  readonly ways: readonly Way[];
  readonly sightings: readonly Sighting[];
  readonly connections: readonly (Connection | undefined)[];
}

/** Follows a packet along all ways that it can have gone. State is left as it was, unless there is only one way. */
export function explore(world: World, departure: Departure): readonly Course[] {
  const { state, choices, ids } = world;
  state.commit();
  choices.reset();
  let courses: Course[] = EMPTY;
  let lastId = ids;
  for (;;) {
    world.ids = ids;
    const before = world.assumptions.take();
    const run = new Run(world, departure.frame.time);
    const undecided = start(run, departure.entry, skbAt(departure));
    const assumptions = world.assumptions.take();
    for (const assumption of before) world.assumptions.add(assumption);
    for (const assumption of assumptions) world.assumptions.add(assumption);
    lastId = Math.max(lastId, world.ids);
    world.ids = lastId;
    const next = choices.next();
    const forked = next !== undefined || courses.length > 0;
    const changed = state.changes();
    run.lesson.changed = changed;
    courses = added(courses, {
      way: run.way(departure.packet, choices.conditions),
      sightings: run.sightings,
      opened: forked || run.opened.some((one) => one.drawn) ? run.opened.filter((one) => one.confirmed).map(openedAs) : NONE,
      unfinished: undecided ? run.opened.map(openedAs) : NONE,
      connection: run.connection,
      lesson: forked ? undefined : run.lesson,
      undecided,
      changed: undecided ? changed : NONE,
      leaves: forked || undecided ? state.leftBehind() : undefined,
      assumptions,
    });
    if (forked) state.rollback();
    if (!next) return courses;
    if (choices.exhausted) {
      const [first] = courses as [Course];
      return [{ ...first, leaves: undefined, undecided: new Undecided(`more than ${courses.length} ways that it can have gone`) }];
    }
    choices.start(next);
  }
}

function openedAs({ netns, original, reply, drawn }: Connection): Opened {
  return { netns, original, reply, drawn };
}

/** Leaves the state as the packet leaves it; what the ways that are left leave different is in doubt from then on. */
export function settle(world: World, departure: Departure, explored: readonly Course[], left: readonly Course[]): Followed {
  const { state } = world;
  const doubtful = left.find((course) => course.undecided);
  if (doubtful?.undecided) return giveUp(world, departure, left, doubtful, doubtful.undecided);
  const first = left[0] as Course;
  if (explored.length === 1) {
    state.commit();
    return { ways: [first.way], sightings: first.sightings, connections: [first.connection] };
  }
  const leave = ({ leaves }: Course): void => {
    state.rollback();
    if (leaves) state.leave(leaves);
  };
  if (left.length === 1) {
    world.assumptions.take();
    for (const assumption of first.assumptions) world.assumptions.add(assumption);
    leave(first);
    state.commit();
    return { ways: [{ ...first.way, conditions: [] }], sightings: first.sightings, connections: [first.connection] };
  }
  // The state is left as the first of them leaves it.
  const effects = [...left].reverse().map((course) => {
    leave(course);
    return state.effects();
  });
  const open = differencesOf(effects);
  const limits = open.filter((key) => isSaved(key) || isSent(key));
  if (limits.length > 0) {
    state.rollback();
    const joined = limits.map((key) => joinedLimit(world, key, left, departure.frame.time));
    leave(first);
    for (const [i, key] of limits.entries()) state.set(key, joined[i]);
  }
  const reason = `${DEPENDS}${frameNumber(departure.frame)}, which can have gone more than one way`;
  for (const key of open) if (!limits.includes(key)) state.taint(key, reason);
  state.commit();
  return {
    ways: left.map((course) => course.way),
    sightings: left.flatMap((course) => course.sightings),
    connections: left.map((course) => course.connection),
  };
}

/** A packet that could not be followed to its end: whatever it may have touched is in doubt. */
function giveUp(
  world: World,
  { frame, packet }: Departure,
  left: readonly Course[],
  { way, sightings, unfinished, changed }: Course,
  undecided: Undecided,
): Followed {
  const { reason, doubtful } = undecided;
  world.state.rollback();
  for (const key of doubtful) world.state.taint(key, reason);
  const root = reason.startsWith(DEPENDS) ? reason : `${DEPENDS}${frameNumber(frame)}, which could not be followed (not known: ${reason})`;
  // Whether a connection that it went through is changed hangs on how it went on.
  for (const key of changed.map(keyOf)) if (key.startsWith("ct|")) world.state.taint(key, root);
  world.state.taintRuleState(root);
  world.state.keep(
    left.map(({ leaves }) => leaves),
    root,
  );
  doubtLimits(world.state, frame.time);
  for (const netns of world.netns.values()) netns.conntrack?.doubt(tupleOf(packet), 0, root);
  for (const { netns, reply } of unfinished) world.netns.get(netns)?.conntrack?.doubt(reply, 0, root);
  return { ways: [{ ...way, verdict: "unknown", undecided: reason }], sightings, connections: [] };
}

/** The keys of what the ways of one packet leave different. */
function differencesOf(effects: readonly ReadonlyMap<string, string>[]): readonly string[] {
  const keys = new Set(effects.flatMap((one) => [...one.keys()]));
  return [...keys].filter((key) => new Set(effects.map((one) => one.get(key))).size > 1);
}

/** What holds of a limit of ICMP whichever way a packet went, which is undone. */
function joinedLimit({ state }: World, key: string, left: readonly Course[], now: bigint): unknown {
  const values = left.map(({ leaves }) => (leaves?.keyed.has(key) ? leaves.keyed.get(key) : state.peek(key)));
  return isSaved(key) ? joinSaved(values, state, now) : joinSent(values, now);
}

function skbAt({ entry, frame, packet, mark }: Departure): Skb {
  return skbOf(entry, frame, packet, mark);
}

/** Sends a packet on its way. Returns what would have to be known when it cannot be followed to its end. */
export function start(run: Run, entry: Entry, skb: Skb): Undecided | undefined {
  try {
    run.sending = entry.direction === "out" && !entry.outgoing;
    if (entry.direction === "in") {
      if (entry.device) receive(run, entry.netns, entry.device, typed(skb, entry));
      else {
        const device = skb.device === UNKNOWN_DEVICE ? (hintedDevice(run, entry.netns, skb.packet.src, "from") ?? skb.device) : skb.device;
        ipReceive(run, entry.netns, skb.with({ device, in: device, type: skb.type === "otherhost" ? "host" : skb.type }));
      }
    } else if (!entry.outgoing && entry.netns.stack(skb.packet.family).marksMatter && skb.mark === 0) {
      run.world.assumptions.add({
        id: "socket-mark",
        text: "local sockets set no mark of their own (SO_MARK), which rules or routing here look at",
        flag: "nettrace packet --mark",
      });
      sendLocal(run, entry.netns, skb);
    } else if (entry.outgoing) sendPassing(run, entry, skb);
    else sendLocal(run, entry.netns, skb);
    run.sending = false;
    run.drain();
    return undefined;
  } catch (error) {
    if (error instanceof Undecided) return error;
    throw error;
  }
}

/** The frame type that the capture gives wins over one made from addresses that it does not have. */
function typed(skb: Skb, entry: Entry): Skb {
  if (skb.dstMac !== undefined || entry.device?.mac === undefined || entry.type === "otherhost") return skb;
  return isGroupMac(entry.device.mac) ? skb : skb.with({ dstMac: entry.device.mac });
}
