import { isGroupMac } from "../model/address.ts";
import type { Host, Namespace } from "../model/host.ts";
import type { Frame, Packet } from "../model/packet.ts";
import type { PacketTrace, Way } from "../model/trace.ts";
import { tupleOf } from "./connection.ts";
import { type Entry, entryOf, skbOf } from "./entry.ts";
import { ipReceive } from "./input.ts";
import { receive } from "./link.ts";
import { type Netns, UNKNOWN_DEVICE } from "./netns.ts";
import { type Mutable, Observer } from "./observe.ts";
import { sendLocal } from "./output.ts";
import { hintedDevice } from "./route-input.ts";
import { Run, type Sighting, World } from "./run.ts";
import type { Skb } from "./skb.ts";
import { socketMark } from "./socket-mark.ts";
import { Undecided } from "./undecided.ts";

export interface ReplayOptions {
  /** Namespace that the capture was taken in. */
  readonly netns: string;
  /** Device that the capture was taken on, when it does not say; overrides nothing that it does say. */
  readonly interface?: string;
  /** Name of the capture, for observations. */
  readonly capture: string;
  /** Record rules that were tried in vain (`--packet N`, closest rule). */
  readonly detailed?: boolean;
  /** Mark that packets carry when they enter. */
  readonly mark?: number;
}

/** Replays the frames of one capture, in order, against a host. */
export interface Replay {
  /**
   * Takes the next frame; gives back the traces that are final now (all that could be observed of them has been), in capture order.
   * `from` is the namespace that the frame enters, when it is not that of the capture (a described packet).
   */
  push(frame: Frame, from?: string): readonly PacketTrace[];
  /** The capture is over: the traces that were still waiting. */
  finish(): readonly PacketTrace[];
}

/** How far ahead the capture is searched for what decides over a packet, in nanoseconds and frames. */
const LOOK_AHEAD = 1_000_000_000n;
const MAX_AHEAD = 5_000;

/** How the reason begins when an earlier packet is to blame. */
const DEPENDS = "what became of packet ";

/** What following a packet gave. */
interface Followed {
  readonly ways: readonly Way[];
  readonly sightings: readonly Sighting[];
  readonly connections: readonly Run["connection"][];
}

/** Makes a replay of one capture. Frames without an IP packet are passed over. */
export function createReplay(host: Host, options: ReplayOptions): Replay {
  const world = new World(withNamespace(host, options.netns), options.detailed === true);
  const netns = world.netns.get(options.netns) as Netns;
  const observer = new Observer(options.netns, options.capture);
  const flows = new Map<string, number>();
  const ahead: { readonly frame: Frame; readonly from: Netns }[] = [];
  const replayFirst = (): readonly PacketTrace[] => {
    const first = ahead.shift();
    const packet = first?.frame.packet;
    if (!first || !packet) return [];
    const { frame, from } = first;
    world.restore(frame.time);
    const entry = entryOf(world, from, frame, options.interface);
    const released = observer.release(frame.time);
    const earlier = observer.recognise(frame, entry, packet);
    if (earlier) observer.expect(again(earlier, frame, packet, entry), []);
    else fresh(world, entry, frame, packet, options, flows, observer, ahead);
    return released;
  };
  const isDue = (now: bigint) => {
    const first = ahead[0];
    return first !== undefined && (!netns.marksMatter || now - first.frame.time > LOOK_AHEAD || ahead.length > MAX_AHEAD);
  };
  return {
    push(frame, from) {
      if (!frame.packet) return [];
      ahead.push({ frame, from: (from === undefined ? undefined : world.netns.get(from)) ?? netns });
      const released: PacketTrace[] = [];
      while (isDue(frame.time)) released.push(...replayFirst());
      return released;
    },
    finish() {
      const released: PacketTrace[] = [];
      while (ahead.length > 0) released.push(...replayFirst());
      return [...released, ...observer.release()];
    },
  };
}

/** Another sighting of a packet that was replayed before. */
function again(earlier: Mutable, frame: Frame, packet: Packet, entry: Entry): Mutable {
  const device = entry.device?.name ?? entry.name;
  const { interface: _interface, ...rest } = earlier;
  return {
    ...rest,
    frame,
    packet,
    ...(device === undefined ? {} : { interface: device }),
    direction: entry.direction,
    observed: [],
    missing: [],
    seenBefore: earlier.frame.number,
  };
}

function fresh(
  world: World,
  entry: Entry,
  frame: Frame,
  packet: Packet,
  options: ReplayOptions,
  flows: Map<string, number>,
  observer: Observer,
  later: readonly { readonly frame: Frame }[],
): Mutable {
  const local = entry.direction === "out" && !entry.outgoing;
  const begin = (run: Run, mark: number) => start(run, entry, { ...skbOf(entry, frame, packet), mark });
  const mark = local ? socketMark(world, entry, frame, packet, later, options.interface, begin) : 0;
  const followed = follow(world, entry, frame, packet, options.mark ?? mark);
  const way = followed.ways[0] as Way;
  const agree = followed.ways.every((other) => other.verdict === way.verdict);
  const device = entry.device?.name ?? entry.name;
  const assumptions = world.assumptions.take();
  const trace: Mutable = {
    frame,
    capture: options.capture,
    packet,
    netns: entry.netns.name,
    ...(device === undefined ? {} : { interface: device }),
    direction: entry.direction,
    flow: flowOf(world, packet, followed.connections, flows),
    certainty: followed.ways.length > 1 ? "possible" : assumptions.length > 0 ? "assumed" : "certain",
    way: agree ? way : { ...way, verdict: "unknown", undecided: undecided(followed.ways) },
    alternatives: followed.ways.length > 1 ? followed.ways : [],
    assumptions,
    observed: [],
    missing: [],
  };
  observer.expect(trace, withoutItself(followed.sightings, entry));
  return trace;
}

/** A packet that was first seen on its way out is not looked for where it was seen. */
function withoutItself(sightings: readonly Sighting[], entry: Entry): readonly Sighting[] {
  if (!entry.outgoing) return sightings;
  const own = sightings.findIndex((sighting) => sighting.interface === entry.device?.name && sighting.direction === "out");
  return own < 0 ? sightings : sightings.slice(own + 1);
}

function undecided(ways: readonly Way[]): string {
  return ways.flatMap((way) => way.conditions)[0] ?? "something that was not given";
}

/** Follows a packet along all ways that it can have gone, and leaves the state as the first of them does. */
function follow(world: World, entry: Entry, frame: Frame, packet: Packet, mark: number): Followed {
  const { state, choices } = world;
  state.commit();
  choices.reset();
  const ids = world.ids;
  const runs: {
    way: Way;
    sightings: Sighting[];
    effects: Map<string, string>;
    answers: readonly boolean[];
    connection: Run["connection"];
  }[] = [];
  for (;;) {
    world.ids = ids;
    const run = new Run(world, frame.time);
    const skb = { ...skbOf(entry, frame, packet), mark };
    const reason = start(run, entry, skb);
    const way = run.way(packet, choices.conditions);
    if (reason !== undefined) {
      state.rollback();
      const root = reason.startsWith(DEPENDS) ? reason : `${DEPENDS}${frame.number}, which could not be followed (not known: ${reason})`;
      state.taintRuleState(root);
      for (const other of world.netns.values()) other.conntrack?.doubt(tupleOf(packet), 0, root);
      return { ways: [{ ...way, verdict: "unknown", undecided: reason }], sightings: run.sightings, connections: [] };
    }
    runs.push({ way, sightings: run.sightings, effects: state.effects(), answers: choices.answers, connection: run.connection });
    const next = choices.exhausted ? undefined : choices.next();
    if (!next) break;
    state.rollback();
    choices.start(next);
  }
  const first = runs[0];
  if (runs.length > 1 && first) {
    state.rollback();
    choices.start(first.answers);
    world.ids = ids;
    start(new Run(world, frame.time), entry, { ...skbOf(entry, frame, packet), mark });
    taintDifferences(
      world,
      runs.map((run) => run.effects),
      frame.number,
    );
  }
  state.commit();
  return {
    ways: runs.map((run) => run.way),
    sightings: runs.length === 1 ? (first?.sightings ?? []) : runs.flatMap((run) => run.sightings),
    connections: runs.map((run) => run.connection),
  };
}

/** Sends the packet on its way. Returns what would have to be known when it cannot be followed to its end. */
function start(run: Run, entry: Entry, skb: Skb): string | undefined {
  try {
    if (entry.direction === "in") {
      if (entry.device) receive(run, entry.netns, entry.device, typed(skb, entry));
      else {
        const device = skb.device === UNKNOWN_DEVICE ? (hintedDevice(run, entry.netns, skb.packet.src, "from") ?? skb.device) : skb.device;
        ipReceive(run, entry.netns, { ...skb, device, in: device, type: skb.type === "otherhost" ? "host" : skb.type });
      }
    } else if (!entry.outgoing && entry.netns.marksMatter && skb.mark === 0) {
      run.world.assumptions.add({
        id: "socket-mark",
        text: "local sockets set no mark of their own (SO_MARK), which rules or routing here look at",
        flag: "nettrace packet --mark",
      });
      sendLocal(run, entry.netns, skb);
    } else if (!entry.outgoing || entry.netns.addressType(skb.packet.src) === "LOCAL") sendLocal(run, entry.netns, skb);
    else {
      const device = entry.device?.name ?? entry.name;
      run.steps.push({
        kind: "stack",
        netns: entry.netns.name,
        note: "seen on its way out; what it was when it came in is not in the capture",
      });
      run.end("forwarded", { netns: entry.netns.name, ...(device === undefined ? {} : { interface: device }) });
    }
    run.drain();
    return undefined;
  } catch (error) {
    if (error instanceof Undecided) {
      for (const key of error.doubtful) run.world.state.taint(key, error.reason);
      return error.reason;
    }
    throw error;
  }
}

/** The frame type that the capture gives wins over one made from addresses that it does not have. */
function typed(skb: Skb, entry: Entry): Skb {
  if (skb.dstMac !== undefined || entry.device?.mac === undefined || entry.type === "otherhost") return skb;
  return { ...skb, ...(isGroupMac(entry.device.mac) ? {} : { dstMac: entry.device.mac }) };
}

/** What the ways of one packet leave different is not known to later packets. */
function taintDifferences(world: World, effects: readonly Map<string, string>[], packet: number): void {
  const keys = new Set(effects.flatMap((one) => [...one.keys()]));
  for (const key of keys) {
    const values = new Set(effects.map((one) => one.get(key)));
    if (values.size > 1) world.state.taint(key, `${DEPENDS}${packet}, which can have gone more than one way`);
  }
}

/** Numbers connections for the reader: by the conntrack entry, or by addresses and ports in either direction. */
function flowOf(world: World, packet: Packet, connections: Followed["connections"], flows: Map<string, number>): number {
  const own = packet.transport?.kind === "icmp" && packet.transport.quoted ? tupleOf(packet.transport.quoted) : tupleOf(packet);
  const key = (a: string, b: string) => (a < b ? `${a}#${b}` : `${b}#${a}`);
  const bothWays = (tuple: NonNullable<typeof own>) => {
    const icmp = tuple.protocol === 1 || tuple.protocol === 58;
    return key(`${tuple.src}|${tuple.sport}|${tuple.protocol}`, `${tuple.dst}|${icmp ? tuple.sport : tuple.dport}|${tuple.protocol}`);
  };
  const keys: string[] = [];
  for (const connection of connections) {
    if (!connection) continue;
    keys.push(bothWays(connection.original));
    const { reply } = connection;
    keys.push(bothWays({ ...reply, sport: reply.sport, dport: reply.dport }));
  }
  keys.push(own ? bothWays(own) : key(`${packet.src}|${packet.protocol}|${packet.id ?? ""}`, `${packet.dst}|${packet.protocol}`));
  let flow = keys.map((one) => flows.get(one)).find((one) => one !== undefined);
  if (flow === undefined) flow = world.newFlow();
  for (const one of keys) if (!flows.has(one)) flows.set(one, flow);
  return flow;
}

/** A host that has the namespace of the capture, if only an empty one. */
function withNamespace(host: Host, name: string): Host {
  if (host.namespaces.has(name)) return host;
  const empty: Namespace = { name, addressesKnown: false };
  return { ...host, namespaces: new Map([...host.namespaces, [name, empty]]) };
}
