import type { Frames } from "../model/frames.ts";
import type { Assumption, Host, Namespace } from "../model/host.ts";
import { type Frame, type Packet, replayedPacket, type Source } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import type { Watch } from "./deal.ts";
import { decide } from "./decide.ts";
import { decisionsOf } from "./decisions.ts";
import { type Entry, entryOf, placeOf, skbOf } from "./entry.ts";
import { FlowMemory, type Keeper } from "./flow-memory.ts";
import { FlowNumbers } from "./flow-numbers.ts";
import { type Course, type Departure, explore, settle, start } from "./follow.ts";
import { Listed } from "./listed.ts";
import type { Listener } from "./listener.ts";
import { keysOf, LookAhead } from "./look-ahead.ts";
import type { Netns } from "./netns.ts";
import { Observer } from "./observe.ts";
import type { Run } from "./run.ts";
import { becameAnother } from "./same-packet.ts";
import { socketMark } from "./socket-mark.ts";
import { again, captureOf, traceOf, withoutItself } from "./traced.ts";
import { World } from "./world.ts";

/** What to replay: where the one capture was taken, and how to look at it. */
export interface ReplayOptions extends Source {
  /** Where each of several captures was taken; their frames name the one that they are of. */
  readonly sources?: readonly Source[];
  /** Record rules that were tried in vain (`--packet N`, closest rule). */
  readonly detailed?: boolean;
  /** What is assumed of the host, by key: "owner.uid" is "1000". */
  readonly assumed?: ReadonlyMap<string, string>;
  /** Pass over rules that cannot match by their header values (the default), or look at every rule. */
  readonly indexed?: boolean;
  /** Mark that packets carry when they enter. */
  readonly mark?: number;
  /** Looks out for what would matter to others, where this is one of several replays that the capture's packets are dealt to. */
  readonly watch?: Watch;
  readonly keeper?: Keeper;
  /** Is told of packets instead of whoever pushes frames, which gets no traces then. Not for several captures. */
  readonly listener?: Listener;
}

/** Replays the frames of one capture, or of several in the order of their times, against a host. */
export interface Replay {
  /**
   * Takes the next frame; gives back the traces that are final now (all that could be observed of them has been), in capture order.
   * `from` is the namespace that the frame enters, when it is not that of the capture (a described packet).
   */
  push(frame: Frame, from?: string): readonly PacketTrace[];
  /**
   * The same for one of several frames, which is only glanced at where that is enough: with a listener, of a packet that is seen again or goes as
   * one before it did. Undefined for a frame without a packet to replay.
   */
  take(frames: Frames, index: number, from?: string): readonly PacketTrace[] | undefined;
  /**
   * The same for a frame with a packet that another replay takes, which can only tell something of packets of this one: it is only glanced at
   * where nothing waits for what comes after it.
   */
  pass(frames: Frames, index: number, from?: string): readonly PacketTrace[];
  /** How many packets were looked at, others' included. */
  readonly position: number;
  /** Nothing has come for longer than packets wait for others: all traces that were waiting. */
  pause(): readonly PacketTrace[];
  /** The capture is over: the traces that were still waiting. */
  finish(): readonly PacketTrace[];
}

const NOWHERE: readonly never[] = [];
const NOTHING: ReadonlySet<number> = new Set();

/** A packet at hand, of which more may be told by what comes after it. */
interface Open {
  readonly departure: Departure;
  /** Its ways as they were before anything told a port. */
  readonly explored: readonly Course[];
  /** What had to be taken for granted before it set out. */
  readonly assumptions: readonly Assumption[];
  wanted: ReadonlySet<number>;
}

/** Makes a replay. Frames without an IP packet are passed over. */
export function createReplay(host: Host, options: ReplayOptions): Replay {
  const world = new World(
    withNamespaces(host, [options, ...(options.sources ?? [])]),
    options.detailed === true,
    options.assumed,
    options.indexed,
    options.watch,
  );
  const netns = world.netns.get(options.netns) as Netns;
  const observer = new Observer(options, options.sources, options.listener);
  const listed = new Listed(host);
  const flows = new FlowNumbers(undefined, options.watch);
  const ahead = new LookAhead();
  const memory =
    options.detailed !== true && options.indexed !== false && options.mark === undefined
      ? new FlowMemory(world, options.keeper)
      : undefined;
  const around = { ahead, observer, device: options.interface };
  /** Of most packets nothing is kept. */
  const isContent = options.listener !== undefined && memory !== undefined;
  let open: Open | undefined;
  /** The first packet's socket may have set a mark, which only its whole window tells. */
  let held = false;

  /**
   * Brings a packet to where it enters; undefined when that is all: it is an earlier one seen again, or goes as one of its connection did.
   * `frames` has the frame to keep, where this one is only lent.
   */
  const arrive = (
    frame: Frame,
    packet: Packet,
    from: Netns,
    position: number,
    released: PacketTrace[],
    frames?: Frames,
    index = 0,
  ): Entry | undefined => {
    world.restore(frame.time);
    world.sweep(frame.time);
    world.position = position;
    const entry = entryOf(world, from, frame, options.interface);
    observer.release(released, frame.time, position);
    const earlier = observer.recognise(frame, entry, packet);
    if (earlier) {
      // What was taken for granted of it is told with the next packet.
      if (!world.assumptions.isEmpty) options.watch?.shared("something was taken for granted of a packet that is seen again");
      if (options.listener) options.listener.again(frame);
      else observer.expect(again(earlier, frame, packet, entry), position, NOWHERE);
      return undefined;
    }
    const recalled = memory?.recall(entry, frame, packet);
    if (!recalled) return entry;
    recalled.trace.capture = captureOf(frame, options);
    const isKept = observer.expectLike(recalled.trace, position, recalled.sightings, recalled.first);
    if (isKept && frames) recalled.trace.keep(frames.at(index) as Frame);
    return undefined;
  };

  /** A frame of another replay's, which tells that its device was captured. */
  const passBy = (frame: Frame, from: Netns, position: number, released: PacketTrace[]): void => {
    world.restore(frame.time);
    observer.release(released, frame.time, position);
    const { name, outgoing, fromSocket } = placeOf(from, frame, options.interface);
    const shown = outgoing || fromSocket ? name : undefined;
    if (shown !== undefined) observer.cover(from.name, shown);
  };

  /** Replays the first packet that waits; false when what comes after it can still tell more of it. `arrived`: where it enters, if it is there already. */
  const replayFirst = (over: boolean, released: PacketTrace[], arrived?: Entry): boolean => {
    const first = ahead.first;
    if (!first) return false;
    const { frame, packet, position } = first;
    if (!open) {
      if (first.foreign) {
        passBy(frame, first.from, position, released);
        ahead.shift();
        return true;
      }
      const entry = arrived ?? arrive(frame, packet, first.from, position, released);
      if (!entry) {
        ahead.shift();
        return true;
      }
      held = !over && options.mark === undefined && first.from.stack(packet.family).marksMatter && isLocal(entry);
      if (held) return false;
      for (const assumption of assumedOf(world, frame)) world.assumptions.add(assumption);
      const departure = { entry, frame, packet, mark: options.mark ?? markOf(world, entry, frame, packet, ahead, options.interface) };
      const assumptions = world.assumptions.take();
      open = { departure, explored: explore(world, departure), assumptions, wanted: NOTHING };
    }
    const { departure, explored, assumptions } = open;
    const verdict = decide(world, departure, explored, around, over ? listed : undefined);
    open.wanted = verdict.wanted;
    if (!over && verdict.wanted.size > 0) return false;
    const followed = settle(world, departure, verdict.explored, verdict.left);
    if (world.told.size > 0) world.told.clear();
    for (const assumption of assumptions) world.assumptions.add(assumption);
    for (const assumption of verdict.assumptions) world.assumptions.add(assumption);
    const trace = traceOf(world, departure, followed, flows, captureOf(frame, options));
    trace.decided = decisionsOf(packet, explored, verdict.left, verdict.sources);
    const sightings = withoutItself(followed.sightings, departure.entry, packet);
    const [course] = explored;
    if (course && explored.length === 1 && verdict.explored === explored) memory?.learn(departure.entry, course, trace, sightings);
    if (options.watch) for (const one of sightings) options.watch.awaits(one.packet);
    observer.expect(trace, position, sightings);
    open = undefined;
    ahead.shift();
    return true;
  };

  /** Where the packet of a frame enters that is only glanced at; undefined when that was enough. */
  const glance = (frame: Frame, packet: Packet, frames: Frames, index: number): Entry | undefined => {
    becameAnother(packet);
    const entry = arrive(frame, packet, netns, ahead.passed, [], frames, index);
    if (!entry) ahead.skip();
    return entry;
  };

  /** Takes in a frame that is there to keep; `entry`: where it enters, if it is there already. */
  const admit = (frame: Frame, from: string | undefined, foreign: boolean, entry?: Entry): readonly PacketTrace[] => {
    const packet = replayedPacket(frame);
    if (!packet) return [];
    const { source } = frame;
    const own = from === undefined && source === undefined ? netns : (world.netns.get(from ?? source?.netns ?? options.netns) ?? netns);
    const released: PacketTrace[] = [];
    let arrived = entry;
    // Most packets need not wait for what comes after them.
    if (ahead.length === 0 && !arrived) {
      if (foreign) passBy(frame, own, ahead.passed, released);
      else arrived = arrive(frame, packet, own, ahead.passed, released);
      if (!arrived) {
        ahead.skip();
        return released;
      }
    }
    const last = ahead.push(frame, packet, own, foreign);
    if (arrived && !replayFirst(false, released, arrived)) return released;
    for (;;) {
      const over = ahead.isOver(frame.time);
      const wanted = open?.wanted;
      if (!over && (held || (wanted && !keysOf(last).some((key) => wanted.has(key))))) break;
      if (!replayFirst(over, released)) break;
    }
    return released;
  };

  return {
    push: (frame, from) => admit(frame, from, false),
    take(frames, index, from) {
      const glanced = isContent && from === undefined && ahead.length === 0 ? frames.glance?.(index) : undefined;
      const entry = glanced?.packet && glance(glanced, glanced.packet, frames, index);
      if (glanced && !entry) return NOWHERE;
      const frame = frames.at(index);
      return frame && replayedPacket(frame) ? admit(frame, from, false, entry) : undefined;
    },
    pass(frames, index, from) {
      const glanced = from === undefined && ahead.length === 0 ? frames.glance?.(index) : undefined;
      if (!glanced) return admit(frames.at(index) as Frame, from, true);
      const released: PacketTrace[] = [];
      passBy(glanced, netns, ahead.passed, released);
      ahead.skip();
      return released;
    },
    get position() {
      return ahead.passed;
    },
    pause() {
      const released: PacketTrace[] = [];
      while (replayFirst(true, released));
      return [...released, ...observer.give()];
    },
    finish() {
      const released: PacketTrace[] = [];
      while (replayFirst(true, released));
      observer.release(released);
      return released;
    },
  };
}

/** What reading a frame took for granted; that of its time only where rules look at the clock. */
function assumedOf(world: World, { assumptions = [], timeAssumption }: Frame): readonly Assumption[] {
  return timeAssumption && world.looksAtClock ? [...assumptions, timeAssumption] : assumptions;
}

/** Whether a packet was seen as a local socket sends it, before OUTPUT. */
function isLocal(entry: Entry): boolean {
  return entry.direction === "out" && !entry.outgoing;
}

/** The mark that a local packet's socket must have set. */
function markOf(world: World, entry: Entry, frame: Frame, packet: Packet, ahead: LookAhead, device: string | undefined): number {
  if (!isLocal(entry)) return 0;
  const begin = (run: Run, mark: number) => start(run, entry, skbOf(entry, frame, packet, mark));
  return socketMark(world, entry, frame, packet, ahead, device, begin);
}

/** A host that has the namespaces of the captures, if only empty ones. */
function withNamespaces(host: Host, sources: readonly Source[]): Host {
  const missing = sources.map(({ netns }) => netns).filter((name) => !host.namespaces.has(name));
  if (missing.length === 0) return host;
  const empty = missing.map((name): [string, Namespace] => [name, { name, addressesKnown: false }]);
  return { ...host, namespaces: new Map([...host.namespaces, ...empty]) };
}
