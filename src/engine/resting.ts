import { type Connection, type FlowTuple, tupleHash } from "./connection.ts";
import { mixed } from "./hash.ts";
import { Pages } from "./resting-pages.ts";
import { Devices, hasSource, hasTuple, idOf, isInZone, NARROW, pack, tuplesOf, unpack, WIDE } from "./resting-words.ts";
import { SOURCE } from "./tuple-cells.ts";

/** Slots of an empty index; it is made anew when so much of it is taken, and larger when that is by rows that are there. */
const FIRST = 1 << 12;
const FULL = 0.6;
const LIVE = 0.4;
/** Each row stands in the index under its two tuples. */
const KEYS = 2;

/**
 * Connections of which nothing was seen for a while, or that nobody has answered, in columns: a busy machine has hundreds of thousands of
 * them, and as objects they would take more than a kilobyte each. Whoever asks for one takes it out as an object again.
 */
export class Resting {
  readonly #netns: string;
  readonly #narrow = new Pages(NARROW);
  readonly #wide = new Pages(WIDE);
  /** Row numbers by hash, counted from 1, twice each: odd ones are of wide rows. Those of rows that are gone stay until it is made anew. */
  #index = new Uint32Array(FIRST);
  /** Beside each of them some more of the hash, and 0 where none stands: most rows that are not meant are told by that, and need not be read. */
  #tags = new Uint8Array(FIRST);
  #used = 0;
  readonly #devices = new Devices();

  constructor(netns: string) {
    this.#netns = netns;
  }

  get size(): number {
    return this.#narrow.live + this.#wide.live;
  }

  /** How many of them are not assured. */
  get loose(): number {
    return this.#narrow.loose + this.#wide.loose;
  }

  /** Takes a connection in, unless it has something that the columns have no place for. */
  take(connection: Connection): boolean {
    if (!isBare(connection)) return false;
    const rows = typeof connection.original.src === "number" ? this.#narrow : this.#wide;
    const row = rows.add(connection.assured);
    if (!pack(connection, rows.at(row), rows.placeOf(row), rows.layout, this.#devices)) {
      rows.remove(row);
      return false;
    }
    if (this.#used + KEYS > this.#index.length * FULL) this.#rebuild();
    else this.#enter(rows, row, connection.zone.id, connection);
    return true;
  }

  #enter(rows: Pages, row: number, zone: number, { original, reply }: Pick<Connection, "original" | "reply">): void {
    const name = (row + 1) * 2 + (rows === this.#wide ? 1 : 0);
    this.#put(name, mixed(tupleHash(original), zone));
    this.#put(name, mixed(tupleHash(reply), zone));
    rows.sources.add(row, sourceHash(zone, original));
  }

  #put(name: number, hash: number): void {
    const mask = this.#index.length - 1;
    let at = hash & mask;
    while (this.#tags[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = name;
    this.#tags[at] = tagOf(hash);
    this.#used++;
  }

  /** Copies of those that come from where a tuple does; what began last comes first. */
  *fromSource(zone: number, tuple: FlowTuple): Generator<Connection> {
    const rows = typeof tuple.src === "bigint" ? this.#wide : this.#narrow;
    if (rows.live === 0) return;
    for (const row of rows.sources.of(sourceHash(zone, tuple))) {
      const [words, from] = [rows.at(row), rows.placeOf(row)];
      if (isInZone(words, from, zone) && hasSource(words, from, rows.layout, tuple)) yield this.#copy(rows, row);
    }
  }

  /** Takes out the one that was taken in first of those that are not assured. */
  oldestLoose(): Connection | undefined {
    const [narrow, wide] = [this.#narrow.firstLoose(), this.#wide.firstLoose()];
    if (narrow === undefined) return wide === undefined ? undefined : this.#out(this.#wide, wide);
    if (wide !== undefined && this.#idOf(this.#wide, wide) < this.#idOf(this.#narrow, narrow)) return this.#out(this.#wide, wide);
    return this.#out(this.#narrow, narrow);
  }

  #idOf(rows: Pages, row: number): number {
    return idOf(rows.at(row), rows.placeOf(row));
  }

  /** Lets go of what has run out. */
  sweep(now: bigint): void {
    this.#narrow.expire(now);
    this.#wide.expire(now);
  }

  #out(rows: Pages, row: number): Connection {
    const connection = this.#copy(rows, row);
    rows.remove(row);
    return connection;
  }

  #copy(rows: Pages, row: number): Connection {
    return unpack(rows.at(row), rows.placeOf(row), rows.layout, this.#netns, this.#devices);
  }

  /** Takes out a connection that a tuple belongs to, in either direction. */
  byTuple(zone: number, tuple: FlowTuple): Connection | undefined {
    if (this.size === 0) return undefined;
    const mask = this.#index.length - 1;
    const isWide = typeof tuple.src === "bigint" ? 1 : 0;
    const rows = isWide ? this.#wide : this.#narrow;
    const hash = mixed(tupleHash(tuple), zone);
    const tag = tagOf(hash);
    for (let at = hash & mask; this.#tags[at] !== 0; at = (at + 1) & mask) {
      if (this.#tags[at] !== tag) continue;
      const name = this.#index[at] as number;
      const row = (name >>> 1) - 1;
      if ((name & 1) === isWide && rows.isLive(row) && this.#fits(rows, row, zone, tuple)) return this.#out(rows, row);
    }
    return undefined;
  }

  #fits(rows: Pages, row: number, zone: number, tuple: FlowTuple): boolean {
    const words = rows.at(row);
    const from = rows.placeOf(row);
    return isInZone(words, from, zone) && hasTuple(words, from, rows.layout, tuple);
  }

  #rebuild(): void {
    let { length } = this.#index;
    while (this.size * KEYS > length * LIVE) length *= 2;
    if (length > this.#index.length) {
      this.#index = new Uint32Array(length);
      this.#tags = new Uint8Array(length);
    } else this.#tags.fill(0);
    this.#used = 0;
    for (const rows of [this.#narrow, this.#wide]) {
      rows.renumber();
      for (const row of rows.all()) {
        const tuples = tuplesOf(rows.at(row), rows.placeOf(row), rows.layout);
        this.#enter(rows, row, tuples.zone, tuples);
      }
    }
  }
}

function sourceHash(zone: number, tuple: FlowTuple): number {
  return mixed(SOURCE.hash(tuple), zone);
}

/** The upper seven bits of a hash, of which the lower ones say where it stands; never 0. */
function tagOf(hash: number): number {
  return (hash >>> 25) | 0x80;
}

/** Whether a connection has nothing but what most have. */
function isBare(connection: Connection): boolean {
  const { zone, confirmed, expected, dying, fromMany } = connection;
  if (!confirmed || expected || dying || fromMany || zone.direction !== undefined) return false;
  const { helper, master, announced, ftp, shifts, sctp, drawn, asked, counters, fromSnapshot, listed } = connection;
  if (fromSnapshot || (helper ?? master ?? announced ?? ftp ?? shifts ?? sctp) !== undefined) return false;
  return (drawn ?? asked ?? counters ?? listed) === undefined;
}
