import type { Packet } from "../model/packet.ts";
import { endOf, showsAnswer } from "./answer.ts";
import { ANY_PORT, type FlowTuple, invert, sameTuple, tupleHash, tupleOf } from "./connection.ts";
import { placeOf } from "./entry.ts";
import type { Course, Departure, Opened } from "./follow.ts";
import type { Ahead, LookAhead } from "./look-ahead.ts";
import { drawKey } from "./nat.ts";
import type { Observer } from "./observe.ts";
import { openHash, openSide } from "./open-port.ts";
import { compare, contentHash, sameData, sameMark, type Told } from "./same-packet.ts";

/** What is known of the capture beside the packet at hand. */
export interface Capture {
  readonly ahead: LookAhead;
  readonly observer: Observer;
  /** Device that it was taken on, when it does not say. */
  readonly device: string | undefined;
}

/** A packet further on in the capture that one of the ways explains. */
export interface Clue {
  readonly course: Course;
  /** The packet itself on its way, or an answer to it. */
  readonly by: "seen" | "answered";
  readonly ahead: Ahead;
  readonly device: string | undefined;
  /** Ports that it tells, by `drawKey`. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Whether a connection has a port that the capture could tell. */
export function openTo(opened: Opened): boolean {
  return opened.drawn !== undefined && openSide(opened.reply) !== undefined;
}

/** What is told of a connection's port goes by this key. */
export function drawKeyOf(opened: Opened): string {
  return drawKey(opened, opened.drawn?.manip ?? "src");
}

/** Sightings of a packet on one of its ways, and answers to it. Where there are several ways, what another packet could have left tells nothing. */
export function cluesOf(departure: Departure, course: Course, capture: Capture, forked: boolean): readonly Clue[] {
  const opened = course.opened.filter((one) => one.netns === departure.entry.netns.name);
  return [
    ...sightingsOf(departure, course, opened, capture, forked),
    ...opened.flatMap((one) => answersTo(departure, course, one, capture, forked)),
  ];
}

function sightingsOf(departure: Departure, course: Course, opened: readonly Opened[], capture: Capture, forked: boolean): Clue[] {
  const clues: Clue[] = [];
  for (const sighting of course.sightings) {
    const { name: home } = departure.entry.netns;
    if (!capture.observer.sees(home, sighting.netns)) continue;
    // Elsewhere a port may have been drawn once more.
    const telling = sighting.netns === home || course.opened.filter(openTo).length === 1 ? opened : [];
    for (const one of capture.ahead.by(contentHash(sighting.packet))) {
      const told = compare(sighting.packet, one.packet);
      if (!told || one.from.name !== sighting.netns) continue;
      const { name, outgoing, fromSocket } = placeOf(one.from, one.frame, capture.device);
      if (fromSocket || name !== sighting.interface || outgoing !== (sighting.direction === "out")) continue;
      const ports = toldPorts(telling, told);
      if (!ports || looksLikeAnother(departure, one, capture)) continue;
      const awaited = capture.observer.awaits(sighting, one.packet);
      if (forked && (awaited || isRepeated(departure, one, capture))) continue;
      clues.push({ course, by: "seen", ahead: one, device: sighting.interface, ports });
    }
  }
  return clues;
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
function looksLikeAnother({ packet }: Departure, seen: Ahead, { ahead }: Capture): boolean {
  if (packet.id || packet.transport?.kind === "tcp") return false;
  return ahead
    .by(contentHash(packet))
    .some(
      ({ packet: other, position }) =>
        position < seen.position && other.src !== packet.src && sameMark(other, packet) && sameData(other, packet),
    );
}

/** Whether the same octets have come once more where the packet set out: what is seen afterwards may be of either. */
function isRepeated({ packet, entry }: Departure, seen: Ahead, { ahead, device: given }: Capture): boolean {
  return ahead.by(contentHash(packet)).some((other) => {
    if (other.position >= seen.position || other.from !== entry.netns || !compare(packet, other.packet)) return false;
    const { name, outgoing } = placeOf(entry.netns, other.frame, given);
    return name === entry.name && outgoing === entry.outgoing;
  });
}

/** Packets that come in as the answer to a connection would. */
function answersTo(departure: Departure, course: Course, opened: Opened, capture: Capture, forked: boolean): Clue[] {
  const { packet, entry, frame } = departure;
  const { drawn, reply, original } = opened;
  const side = openSide(reply);
  const clues: Clue[] = [];
  for (const one of capture.ahead.by(answerHash(reply))) {
    const tuple = tupleOf(one.packet);
    if (!tuple || !sameTuple(side ? { ...tuple, [side]: ANY_PORT } : tuple, reply)) continue;
    if (one.from !== entry.netns || !comesIn(one, capture)) continue;
    const ports = new Map<string, number>();
    if (side) {
      if (!drawn || tuple[side] < drawn.min || tuple[side] > drawn.max || !showsAnswer(packet, one.packet)) continue;
      if (entry.netns.tracker(packet.family)?.expects(0, tuple, one.packet, frame.time, original)) continue;
      ports.set(drawKeyOf(opened), tuple[side]);
    }
    if (forked && !provesArrival(packet, one.packet, opened)) continue;
    const rival = (other: Ahead) => isRival(departure, other, one, forked);
    if ((side || forked) && capture.ahead.all.some(rival)) continue;
    clues.push({ course, by: "answered", ahead: one, device: placeName(one, capture), ports });
  }
  return clues;
}

/** The number by which answers to a connection are found. */
export function answerHash(reply: FlowTuple): number {
  const side = openSide(reply);
  return side ? openHash(reply, side) : tupleHash(reply);
}

/** Before any translation: coming in from outside, or from a local socket. */
function comesIn({ frame, from }: Ahead, { device: given }: Capture): boolean {
  const { device, name, outgoing, fromSocket } = placeOf(from, frame, given);
  return fromSocket || (!outgoing && device?.kind !== "loopback" && name !== "lo");
}

function placeName({ frame, from }: Ahead, { device: given }: Capture): string | undefined {
  return placeOf(from, frame, given).name;
}

/** Whether an answer could not have come had the packet gone another way: both ends of a connection without numbers speak unasked. */
function provesArrival(packet: Packet, answer: Packet, { original, reply }: Opened): boolean {
  const { transport } = packet;
  if (transport?.kind === "tcp") return endOf(packet) !== transport.seq && showsAnswer(packet, answer);
  if (transport?.kind === "icmp") return showsAnswer(packet, answer);
  const plain = invert(original);
  return plain !== undefined && !sameTuple(plain, reply);
}

/** Another packet further on that could be what is answered: of another connection, or the same once more. */
function isRival({ packet, frame }: Departure, other: Ahead, answer: Ahead, forked: boolean): boolean {
  if (other.frame === frame || other.position >= answer.position) return false;
  const [own, tuple] = [tupleOf(packet), tupleOf(other.packet)];
  const same = own !== undefined && tuple !== undefined && sameTuple(own, tuple);
  if (same && !forked) return false;
  const numbered = packet.transport?.kind === "tcp" || packet.transport?.kind === "icmp";
  return numbered ? showsAnswer(other.packet, answer.packet) : same;
}
