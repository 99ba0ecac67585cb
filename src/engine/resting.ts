import { PROTOCOL } from "../model/packet.ts";
import { type Connection, type FlowTuple, tupleHash } from "./connection.ts";
import { mixed } from "./hash.ts";
import { Pages, placeOf } from "./resting-pages.ts";
import { hasSource, hasTuple, isInZone, pack, tuplesOf, unpack } from "./resting-words.ts";
import { SOURCE } from "./tuple-cells.ts";

/** Slots of an empty index; it is made anew when so much of it is taken, and larger when that is by rows that are there. */
const FIRST = 1 << 12;
const FULL = 0.6;
const LIVE = 0.4;
/** Each row stands in the index under its two tuples and its source. */
const KEYS = 3;

type Key = "tuple" | "source";

/**
 * Connections that nobody has answered, in columns: a flood leaves hundreds of thousands of them, and as objects they would take a
 * kilobyte each. Whoever asks for one takes it out as an object again.
 */
export class Resting {
  readonly #netns: string;
  readonly #rows = new Pages();
  /** Row numbers by hash, counted from 1; those of rows that are gone stay until it is made anew. */
  #index = new Uint32Array(FIRST);
  #used = 0;

  constructor(netns: string) {
    this.#netns = netns;
  }

  get size(): number {
    return this.#rows.live;
  }

  /** Takes a connection in, unless it has something that the columns have no place for. */
  take(connection: Connection): boolean {
    if (!isBare(connection)) return false;
    const row = this.#rows.add();
    if (!pack(connection, this.#rows.at(row), placeOf(row))) {
      this.#rows.remove(row);
      return false;
    }
    if (this.#used + KEYS > this.#index.length * FULL) this.#rebuild();
    else this.#enter(row);
    return true;
  }

  #enter(row: number): void {
    const { zone, original, reply } = tuplesOf(this.#rows.at(row), placeOf(row));
    this.#put(row, hashOf("tuple", zone, original));
    this.#put(row, hashOf("tuple", zone, reply));
    this.#put(row, hashOf("source", zone, original));
  }

  #put(row: number, hash: number): void {
    const mask = this.#index.length - 1;
    let at = hash & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = row + 1;
    this.#used++;
  }

  /** Takes out a connection that a tuple belongs to, in either direction. */
  byTuple(zone: number, tuple: FlowTuple): Connection | undefined {
    if (this.size === 0) return undefined;
    const row = this.#find("tuple", zone, tuple);
    return row === undefined ? undefined : this.#out(row);
  }

  /** Takes out a connection that comes from where a tuple does. */
  bySource(zone: number, tuple: FlowTuple): Connection | undefined {
    const row = this.size === 0 ? undefined : this.#find("source", zone, tuple);
    return row === undefined ? undefined : this.#out(row);
  }

  /** Takes out the one that was taken in first. */
  oldest(): Connection | undefined {
    const row = this.#rows.first();
    return row === undefined ? undefined : this.#out(row);
  }

  /** Lets go of what has run out. */
  sweep(now: bigint): void {
    this.#rows.expire(now);
  }

  #out(row: number): Connection {
    const connection = unpack(this.#rows.at(row), placeOf(row), this.#netns);
    this.#rows.remove(row);
    return connection;
  }

  #find(key: Key, zone: number, tuple: FlowTuple): number | undefined {
    const mask = this.#index.length - 1;
    for (let at = hashOf(key, zone, tuple) & mask; this.#index[at] !== 0; at = (at + 1) & mask) {
      const row = (this.#index[at] as number) - 1;
      if (this.#rows.isLive(row) && this.#fits(row, key, zone, tuple)) return row;
    }
    return undefined;
  }

  #fits(row: number, key: Key, zone: number, tuple: FlowTuple): boolean {
    const words = this.#rows.at(row);
    const from = placeOf(row);
    if (!isInZone(words, from, zone)) return false;
    return key === "source" ? hasSource(words, from, tuple) : hasTuple(words, from, tuple);
  }

  #rebuild(): void {
    let { length } = this.#index;
    while (this.size * KEYS > length * LIVE) length *= 2;
    this.#index = new Uint32Array(length);
    this.#used = 0;
    for (const row of this.#rows.all()) this.#enter(row);
  }
}

function hashOf(key: Key, zone: number, tuple: FlowTuple): number {
  return mixed(key === "source" ? SOURCE.hash(tuple) : tupleHash(tuple), zone);
}

/** Whether a connection has nothing but what a first packet leaves. */
function isBare(connection: Connection): boolean {
  const { zone, original, confirmed, seenReply, assured, expected, dying } = connection;
  if (!confirmed || seenReply || assured || expected || dying || zone.direction !== undefined) return false;
  if (typeof original.src !== "number" || (original.protocol !== PROTOCOL.tcp && original.protocol !== PROTOCOL.udp)) return false;
  const { helper, master, announced, ftp, shifts, sctp, drawn, asked, masqueradedOn, counters, fromSnapshot, listed } = connection;
  if (fromSnapshot || (helper ?? master ?? announced ?? ftp ?? shifts ?? sctp) !== undefined) return false;
  return (drawn ?? asked ?? masqueradedOn ?? counters ?? listed) === undefined;
}
