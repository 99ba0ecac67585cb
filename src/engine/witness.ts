import type { Packet } from "../model/packet.ts";
import { answerHash, type Capture, type Clue, cluesOf, drawKeyOf, openTo } from "./clues.ts";
import { type FlowTuple, sameTuple, tupleOf } from "./connection.ts";
import type { Course, Departure, Opened } from "./follow.ts";
import type { Observer } from "./observe.ts";
import type { Sighting } from "./run.ts";
import { contentHash } from "./same-packet.ts";

/** What the packets further on say about the ways of the first one. */
export interface Testimony {
  /** The ways that explain all that was seen. */
  readonly left: readonly Course[];
  readonly ports: ReadonlyMap<string, number>;
  readonly witnesses: readonly Clue[];
  /** Keys of packets that could say more; empty when nothing is left to be said. */
  readonly wanted: ReadonlySet<number>;
}

/** Holds the ways of the first packet against what comes after it in the capture. */
export function weigh(departure: Departure, courses: readonly Course[], capture: Capture): Testimony {
  const ports = new Map<string, number>();
  const witnesses: Clue[] = [];
  let left = courses;
  let open = isOpen(departure, left, capture.observer, ports);
  if (open) {
    const hits = courses.flatMap((course) => cluesOf(departure, course, capture, courses.length > 1));
    hits.sort((a, b) => a.ahead.position - b.ahead.position);
    for (let i = 0; i < hits.length && open; ) {
      const position = hits[i]?.ahead.position;
      const same: Clue[] = [];
      for (; hits[i]?.ahead.position === position; i++) same.push(hits[i] as Clue);
      const explaining = same.filter((hit) => left.includes(hit.course));
      // One that could not be followed to its end may have led there as well.
      const kept = left.filter((course) => course.undecided || explaining.some((hit) => hit.course === course));
      const told =
        kept.length === 1 || agree(explaining) ? explaining.flatMap((hit) => [...hit.ports]).filter(([key]) => !ports.has(key)) : [];
      if (explaining.length === 0 || (kept.length === left.length && told.length === 0)) continue;
      left = kept;
      for (const [key, port] of told) ports.set(key, port);
      witnesses.push(explaining[0] as Clue);
      open = isOpen(departure, left, capture.observer, ports);
    }
  }
  const wanted = open ? wantedBy(departure, left, capture.observer) : new Set<number>();
  return { left, ports, witnesses, wanted };
}

function agree(hits: readonly Clue[]): boolean {
  return new Set(hits.map((hit) => JSON.stringify([...hit.ports]))).size === 1;
}

/** Whether ways are left that the capture could tell apart, or ports that it could tell. */
function isOpen(departure: Departure, courses: readonly Course[], observer: Observer, told: ReadonlyMap<string, number>): boolean {
  const netns = departure.entry.netns.name;
  for (const { opened } of courses) if (opened.length > 0 && opened.some((one) => isOpenHere(one, netns, told))) return true;
  if (courses.length < 2) return false;
  const [first, ...others] = courses.map((course) => shownOf(netns, course, observer));
  return first !== undefined && others.some((other) => !isSame(first, other));
}

function isOpenHere(one: Opened, netns: string, told: ReadonlyMap<string, number>): boolean {
  return one.netns === netns && openTo(one) && !told.has(drawKeyOf(one));
}

/** What captures could see of a way that begins in a namespace. */
interface Shown {
  readonly sightings: readonly Sighting[];
  readonly answers: readonly FlowTuple[];
}

function shownOf(netns: string, { sightings, opened }: Course, observer: Observer): Shown {
  return {
    sightings: sightings.filter((one) => observer.sees(netns, one.netns)),
    answers: opened.filter((one) => one.netns === netns).map((one) => one.reply),
  };
}

function isSame(one: Shown, other: Shown): boolean {
  return alike(one.sightings, other.sightings, isSameSighting) && alike(one.answers, other.answers, sameTuple);
}

function alike<T>(some: readonly T[], others: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return some.length === others.length && some.every((one, i) => same(one, others[i] as T));
}

function isSameSighting(one: Sighting, other: Sighting): boolean {
  if (one.netns !== other.netns || one.interface !== other.interface || one.direction !== other.direction) return false;
  return one.packet.ttl === other.packet.ttl && isSamePlace(one.packet, other.packet);
}

/** Whether packets go between the same addresses and ports. */
function isSamePlace(one: Packet, other: Packet): boolean {
  const [a, b] = [tupleOf(one), tupleOf(other)];
  if (a && b) return sameTuple(a, b);
  return !a && !b && one.src === other.src && one.dst === other.dst;
}

function wantedBy(departure: Departure, courses: readonly Course[], observer: Observer): ReadonlySet<number> {
  const netns = departure.entry.netns.name;
  const wanted = new Set<number>();
  for (const { sightings, opened } of courses) {
    for (const one of sightings) if (observer.sees(netns, one.netns)) wanted.add(contentHash(one.packet));
    for (const one of opened) if (one.netns === netns) wanted.add(answerHash(one.reply));
  }
  return wanted;
}
