import type { Packet } from "../model/packet.ts";
import { bothCosts, type Cost, costOf, type Room } from "./fragment-memory.ts";

/** A fragment, cut to what the kernel keeps of it. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly packet: Packet;
}

/** Neighbouring fragments that came one after the other (struct inet_frag_queue, rb_fragments). */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** What is kept of a datagram until it is whole (struct ipq). */
export interface FragmentQueue {
  readonly parts: readonly Part[];
  readonly pieces: readonly Piece[];
  /** Where the datagram ends as far as is known, for certain once `last` has come. */
  readonly length: number;
  readonly last: boolean;
  /** The codes for explicit congestion notification seen, a bit for each. */
  readonly ecn: number;
  readonly cost: Cost;
  readonly room: Room;
  /** How many fragments had come from its source when its last one came (struct ipq, rid), for certain and at most, and how many packets were seen then. */
  readonly count: Cost;
  readonly position: number;
  /** Nanoseconds since the epoch. */
  readonly expires: bigint;
}

/** What becomes of a fragment, and of the queue, which is gone where it is not given. */
export type Taken =
  | { readonly kind: "queued" | "duplicate"; readonly queue: FragmentQueue }
  | { readonly kind: "whole"; readonly queue: FragmentQueue }
  | { readonly kind: "discard"; readonly why: string };

/** A queue without fragments. */
export function emptyQueue(expires: bigint, room: Room): FragmentQueue {
  return {
    parts: [],
    pieces: [],
    length: 0,
    last: false,
    ecn: 0,
    cost: { least: 0, most: 0 },
    room,
    count: { least: 0, most: 0 },
    position: 0,
    expires,
  };
}

/** ip_frag_queue: a fragment finds its place in the queue, or ends it. */
export function takeFragment(queue: FragmentQueue, packet: Packet): Taken {
  const start = packet.fragment?.offset ?? 0;
  const more = packet.fragment?.more === true;
  const size = packet.length - packet.headerLength;
  const end = more ? (start + size) & ~7 : start + size;
  if (more ? queue.last && end > queue.length : end < queue.length || (queue.last && end !== queue.length))
    return { kind: "discard", why: "it does not agree with the other fragments about where the datagram ends" };
  const known = { ...queue, length: Math.max(end, queue.length), last: queue.last || !more };
  if (end === start) return { kind: "discard", why: "it is a fragment without data" };
  const place = pieceFor(queue.pieces, start, end);
  if (place === "duplicate") return { kind: "duplicate", queue: known };
  if (place === "overlap") return { kind: "discard", why: "it overlaps another fragment" };
  // It may wait for long, and is a small part of what was read with it.
  const trimmed = { ...packet, length: packet.headerLength + end - start, payload: packet.payload.slice() };
  const grown: FragmentQueue = {
    ...known,
    parts: [...queue.parts, { start, end, packet: trimmed }],
    pieces: place,
    ecn: queue.ecn | (1 << (packet.tos & 3)),
    cost: bothCosts(queue.cost, costOf(packet, queue.parts.length === 0)),
  };
  const sum = grown.parts.reduce((octets, part) => octets + part.end - part.start, 0);
  return { kind: grown.last && sum === grown.length ? "whole" : "queued", queue: grown };
}

/** inet_frag_queue_insert: only what lies within one piece is a duplicate; a piece grows at the end of the queue alone. */
function pieceFor(pieces: readonly Piece[], start: number, end: number): readonly Piece[] | "duplicate" | "overlap" {
  const tail = pieces.reduce<Piece | undefined>((a, b) => (a && a.end > b.end ? a : b), undefined);
  if (!tail || tail.end < end) {
    if (tail && start < tail.end) return "overlap";
    return tail?.end === start ? [...pieces.filter((piece) => piece !== tail), { start: tail.start, end }] : [...pieces, { start, end }];
  }
  const met = pieces.find((piece) => start < piece.end && piece.start < end);
  if (met) return start >= met.start && end <= met.end ? "duplicate" : "overlap";
  return [...pieces, { start, end }];
}

const [NOT_ECT, ECT, CE] = [1, 2 | 4, 8];

/** The congestion bits that the whole datagram gets on top of its first fragment's (ip_frag_ecn_table); undefined when they contradict each other. */
export function joinedEcn(ecn: number): number | undefined {
  if (ecn & NOT_ECT && ecn !== NOT_ECT) return undefined;
  return ecn & CE && ecn & ECT ? 3 : 0;
}
