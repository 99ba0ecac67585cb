import { type Packet, TCP_FLAG } from "../model/packet.ts";
import { showsAnswer } from "./answer.ts";
import { ANY_PORT, type FlowTuple, tupleKey, tupleOf } from "./connection.ts";
import { placeOf } from "./entry.ts";
import type { Course, Departure, Opened } from "./follow.ts";
import type { Ahead, LookAhead } from "./look-ahead.ts";
import { drawKey } from "./nat.ts";
import { openKey, openSide } from "./open-port.ts";
import { compare, contentKey, sameData, type Told } from "./same-packet.ts";

/** A packet further on in the capture that only some of the ways explain. */
export interface Witness {
  /** The packet itself on its way, or an answer to it. */
  readonly by: "seen" | "answered";
  readonly ahead: Ahead;
  readonly device: string | undefined;
}

interface Hit extends Witness {
  readonly course: Course;
  /** Ports that it tells, by `drawKey`. */
  readonly ports: ReadonlyMap<string, number>;
}

/** What the packets further on say about the ways of the first one. */
export interface Testimony {
  /** The ways that explain all that was seen. */
  readonly left: readonly Course[];
  readonly ports: ReadonlyMap<string, number>;
  readonly witnesses: readonly Witness[];
  /** Keys of packets that could say more; empty when nothing is left to be said. */
  readonly wanted: ReadonlySet<string>;
}

/** TCP numbers this far apart belong to different connections. */
const NEAR = 1 << 24;

/** Holds the ways of the first packet against what comes after it in the capture. */
export function weigh(departure: Departure, courses: readonly Course[], ahead: LookAhead, given: string | undefined): Testimony {
  const ports = new Map<string, number>();
  const witnesses: Witness[] = [];
  let left = courses;
  if (isOpen(departure, left)) {
    const hits = left.flatMap((course) => hitsOf(departure, course, ahead, given));
    hits.sort((a, b) => a.ahead.position - b.ahead.position);
    for (let i = 0; i < hits.length && isOpen(departure, left, ports); ) {
      const position = hits[i]?.ahead.position;
      const same: Hit[] = [];
      for (; hits[i]?.ahead.position === position; i++) same.push(hits[i] as Hit);
      const explaining = same.filter((hit) => left.includes(hit.course));
      const kept = left.filter((course) => explaining.some((hit) => hit.course === course));
      const told =
        kept.length === 1 || agree(explaining) ? explaining.flatMap((hit) => [...hit.ports]).filter(([key]) => !ports.has(key)) : [];
      if (kept.length === 0 || (kept.length === left.length && told.length === 0)) continue;
      left = kept;
      for (const [key, port] of told) ports.set(key, port);
      witnesses.push(explaining[0] as Hit);
    }
  }
  const wanted = isOpen(departure, left, ports) ? wantedBy(departure, left) : new Set<string>();
  return { left, ports, witnesses, wanted };
}

function agree(hits: readonly Hit[]): boolean {
  return new Set(hits.map((hit) => JSON.stringify([...hit.ports]))).size === 1;
}

/** Whether ways are left that the capture could tell apart, or ports that it could tell. */
function isOpen(departure: Departure, courses: readonly Course[], told: ReadonlyMap<string, number> = new Map()): boolean {
  const netns = departure.entry.netns.name;
  if (courses.some((course) => course.opened.some((one) => one.netns === netns && openTo(one) && !told.has(drawKeyOf(one))))) return true;
  if (courses.length < 2) return false;
  return new Set(courses.map((course) => signature(netns, course))).size > 1;
}

function openTo(opened: Opened): boolean {
  return opened.drawn !== undefined && openSide(opened.reply) !== undefined;
}

function drawKeyOf(opened: Opened): string {
  return drawKey(opened, opened.drawn?.manip ?? "src");
}

/** What a capture in a namespace could see of a way. */
function signature(netns: string, { sightings, opened }: Course): string {
  const seen = sightings.flatMap((one) => (one.netns === netns ? [`${one.interface}${one.direction}${placeKey(one.packet)}`] : []));
  const answers = opened.flatMap((one) => (one.netns === netns ? [tupleKey(one.reply)] : []));
  return [...seen, ...answers].join(" ");
}

function placeKey(packet: Packet): string {
  const tuple = tupleOf(packet);
  return tuple ? `${tupleKey(tuple)}|${packet.ttl}` : `${packet.src}|${packet.dst}|${packet.ttl}`;
}

function wantedBy(departure: Departure, courses: readonly Course[]): ReadonlySet<string> {
  const netns = departure.entry.netns.name;
  const wanted = new Set<string>();
  for (const { sightings, opened } of courses) {
    for (const one of sightings) if (one.netns === netns) wanted.add(contentKey(one.packet));
    for (const one of opened) if (one.netns === netns) wanted.add(answerKey(one.reply));
  }
  return wanted;
}

function answerKey(reply: FlowTuple): string {
  const side = openSide(reply);
  return side ? openKey(reply, side) : tupleKey(reply);
}

function hitsOf(departure: Departure, course: Course, ahead: LookAhead, given: string | undefined): Hit[] {
  const netns = departure.entry.netns;
  const hits: Hit[] = [];
  const opened = course.opened.filter((one) => one.netns === netns.name);
  for (const sighting of course.sightings) {
    if (sighting.netns !== netns.name) continue;
    for (const one of ahead.by(contentKey(sighting.packet))) {
      const told = compare(sighting.packet, one.packet);
      if (!told || one.from !== netns) continue;
      const { device, name, outgoing, fromSocket } = placeOf(netns, one.frame, given);
      if (fromSocket || (device?.name ?? name) !== sighting.interface || outgoing !== (sighting.direction === "out")) continue;
      const ports = toldPorts(opened, told);
      if (!ports || isAnothers(departure, one, ahead)) continue;
      hits.push({ course, by: "seen", ahead: one, device: sighting.interface, ports });
    }
  }
  for (const one of opened) hits.push(...answersTo(departure, course, one, ahead, given));
  return hits;
}

/** The ports that a sighting tells, for the connections that drew them; undefined when they cannot have been drawn. */
function toldPorts(opened: readonly Opened[], told: Told): ReadonlyMap<string, number> | undefined {
  const ports = new Map<string, number>();
  for (const one of opened) {
    if (!one.drawn || !openTo(one)) continue;
    const port = one.drawn.manip === "src" ? told.sport : (told.dport ?? told.sport);
    if (port === undefined) continue;
    if (port < one.drawn.min || port > one.drawn.max) return undefined;
    ports.set(drawKeyOf(one), port);
  }
  return ports;
}

/** Packets without numbers of their own look alike: what was seen may be the sighting of another one that came in meanwhile. */
function isAnothers({ packet }: Departure, seen: Ahead, ahead: LookAhead): boolean {
  if (packet.id || packet.transport?.kind === "tcp") return false;
  return ahead
    .by(contentKey(packet))
    .some((other) => other.position < seen.position && other.packet.src !== packet.src && sameData(other.packet, packet));
}

/** Packets that come in as the answer to a connection would. */
function answersTo(departure: Departure, course: Course, opened: Opened, ahead: LookAhead, given: string | undefined): Hit[] {
  const netns = departure.entry.netns;
  const { drawn, reply } = opened;
  const side = openSide(reply);
  const hits: Hit[] = [];
  for (const one of ahead.by(answerKey(reply))) {
    if (one.from !== netns || !comesIn(one, given)) continue;
    const ports = new Map<string, number>();
    if (side) {
      const tuple = tupleOf(one.packet) as FlowTuple;
      if (!drawn || tuple[side] < drawn.min || tuple[side] > drawn.max || !showsAnswer(departure.packet, one.packet)) continue;
      if (netns.conntrack?.expects(0, tuple, one.packet, departure.frame.time, opened.original) || hasRival(departure, one, ahead))
        continue;
      ports.set(drawKeyOf(opened), tuple[side]);
    } else if (!mayAnswer(departure.packet, one.packet)) continue;
    hits.push({ course, by: "answered", ahead: one, device: deviceName(one, given), ports });
  }
  return hits;
}

/** Before any translation: coming in from outside, or from a local socket. */
function comesIn({ frame, from }: Ahead, given: string | undefined): boolean {
  const { device, name, outgoing, fromSocket } = placeOf(from, frame, given);
  return fromSocket || (!outgoing && device?.kind !== "loopback" && name !== "lo");
}

function deviceName({ frame, from }: Ahead, given: string | undefined): string | undefined {
  const { device, name } = placeOf(from, frame, given);
  return device?.name ?? name;
}

/** Whether what comes back to all of a packet's addresses and ports can be the answer to it, by its numbers. */
function mayAnswer(packet: Packet, answer: Packet): boolean {
  const asked = packet.transport;
  const said = answer.transport;
  if (asked?.kind !== "tcp" || said?.kind !== "tcp") return true;
  if (!(said.flags & TCP_FLAG.ACK)) return (said.flags & TCP_FLAG.RST) !== 0;
  const distance = (said.ack - asked.seq) | 0;
  return asked.flags & TCP_FLAG.SYN ? distance === 1 : Math.abs(distance) < NEAR;
}

/** Whether another connection's packet further on could be what is answered. */
function hasRival({ packet, frame }: Departure, answer: Ahead, ahead: LookAhead): boolean {
  const own = tupleOf(packet);
  return ahead.all.some(({ packet: other, frame: { number }, position }) => {
    if (number === frame.number || position >= answer.position || !showsAnswer(other, answer.packet)) return false;
    const tuple = tupleOf(other);
    return !own || !tuple || tupleKey(own) !== tupleKey(tuple);
  });
}

/** Whether a port of a tuple is open or the same. */
export function fits(expected: FlowTuple, found: FlowTuple): boolean {
  return (
    expected.src === found.src &&
    expected.dst === found.dst &&
    expected.protocol === found.protocol &&
    (expected.sport === ANY_PORT || expected.sport === found.sport) &&
    (expected.dport === ANY_PORT || expected.dport === found.dport)
  );
}
