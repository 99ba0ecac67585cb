import type { Ask } from "./choices.ts";
import type { Connection, FlowTuple } from "./connection.ts";
import type { Setting } from "./conntrack-timeouts.ts";
import { REMEMBERED } from "./lesson.ts";
import { openSide } from "./open-port.ts";
import { Resting } from "./resting.ts";
import type { State } from "./state.ts";
import { Dropped, FREE, type Room, TableLimit } from "./table-limit.ts";
import { Undecided } from "./undecided.ts";
import { type Zone, zoneIn } from "./zone.ts";

const BOTH = ["original", "reply"] as const;

/** With fewer objects a table is not swept. So what comes to rest does so before it gets among what V8 keeps for long. */
const SWEPT = 256;
/** With so many objects, connections are laid to rest that have been idle for so many nanoseconds; with less, when their way is not remembered any more. */
const MANY = 12_288;
const SOON = 500_000_000n;
/** Smaller tables are counted each time. */
const SMALL = 4096;
/** A table is swept again when it has grown by so much. */
const GROWN = 1.25;
/** A connection is taken for kept while at most such a part of those that are not assured was dropped since it began. */
const NEGLIGIBLE = 0.001;

/** A connection and the direction in which a tuple belongs to it. */
export interface Found {
  readonly connection: Connection;
  readonly direction: "original" | "reply";
}

/** Who stands in the table of connections of a namespace, and who had to leave it because it was full. */
export class TableEntries {
  readonly #netns: string;
  readonly #state: State;
  readonly #ask: Ask;
  readonly #limit: TableLimit;
  readonly #isIn: (connection: Connection) => boolean;
  readonly resting: Resting;
  /** What was put into the table, but for those at rest, and how much of it there was after the last sweep. */
  #entries: Connection[] = [];
  #left = 0;
  /** How many stand in it, and how many of these are not assured: counted by the last sweep, and about right since. */
  #standing = 0;
  #loose = 0;
  /** Where the search for the next one to be dropped for another goes on, which that was done for last, and those that were. */
  #next = 0;
  #crowdedAt = 0;
  readonly #dropped = new Dropped();

  /** `isIn`: whether a connection is found by its tuple. */
  constructor(netns: string, state: State, ask: Ask, setting: Setting, isIn: (connection: Connection) => boolean) {
    this.#netns = netns;
    this.#state = state;
    this.#ask = ask;
    this.#limit = new TableLimit(netns, setting);
    this.#isIn = isIn;
    this.resting = new Resting(netns);
  }

  /** A connection is put into the table. */
  add(connection: Connection): void {
    this.#entries.push(connection);
    this.#standing++;
    if (!connection.assured) this.#loose++;
  }

  /** One that was at rest is an object again. */
  back(connection: Connection): void {
    this.#entries.push(connection);
  }

  /** A connection is about to be taken out. */
  leaves({ dying, assured }: Connection): void {
    if (dying) return;
    this.#standing--;
    if (!assured) this.#loose--;
  }

  /** How many connections it holds on to as objects, those counted that will be let go of by the next sweep. */
  get size(): number {
    return this.#entries.length;
  }

  /** Whether there may be no room for more. */
  get isFull(): boolean {
    const { max } = this.#limit;
    const { watch } = this.#state;
    if (watch && this.#standing >= Math.floor(max / watch.shares)) watch.shared("the connection table may be full");
    return this.#standing >= max;
  }

  /** Whether a sweep may be worth it. */
  get isDue(): boolean {
    return this.#entries.length >= Math.max(SWEPT, this.#left * GROWN);
  }

  /** Lets go of those that do not stay, and lays to rest what nobody has answered or what is idle; `removed` is told of ports that were not known. */
  sweep(now: bigint, stays: (connection: Connection) => boolean, removed: (connection: Connection) => void): void {
    for (const connection of this.#entries) if (openSide(connection.reply) && !stays(connection)) removed(connection);
    this.resting.sweep(now);
    // Those of ways that were followed in vain are not to be found.
    const all = this.#entries.filter((connection) => stays(connection) && this.#isIn(connection));
    this.#entries = all.filter((connection) => !this.#rests(connection, now));
    this.#left = this.#entries.length;
    this.#count(now, () => true);
    this.#next = 0;
  }

  #rests(connection: Connection, now: bigint): boolean {
    connection.resting = this.isIdle(connection, now) && this.resting.take(connection);
    return connection.resting;
  }

  /** Whether nothing is expected of a connection soon. */
  isIdle({ seenReply, touched }: Connection, now: bigint): boolean {
    return !seenReply || now - touched > (this.#entries.length > MANY ? SOON : REMEMBERED);
  }

  #count(now: bigint, isIn = this.#isIn): void {
    this.#standing = this.resting.size;
    this.#loose = this.resting.loose;
    for (const connection of this.#entries) {
      if (connection.dying || connection.expires <= now || !isIn(connection)) continue;
      this.#standing++;
      if (!connection.assured) this.#loose++;
    }
  }

  /** Finds room for a further connection. `oldest` takes out the one that has been at rest for longest, and `drop` takes it out of the table. */
  makeRoom(id: number, now: bigint, oldest: () => Connection | undefined, drop: (connection: Connection) => void): Room {
    if (!this.isFull) return FREE;
    // Ways that were followed in vain have been counted, and what has run out.
    if (this.#limit.max < SMALL) this.#count(now);
    if (!this.isFull) return FREE;
    const room = this.#limit.room(this.#loose);
    if (room === undefined)
      throw new Undecided(`whether the full connection table of ${this.#netns} had room for one more (nf_conntrack_max)`);
    if (room.refusal !== undefined) return room;
    // Which connection is dropped hangs on a secret of the kernel's: an old one is as good as any.
    const connection = oldest() ?? this.#oldest(now);
    if (!connection) return room;
    const { zone, original, reply, seenReply } = connection;
    this.#crowdedAt = id;
    // Before it was answered it would be opened anew, whether it was dropped or not.
    if (seenReply) this.#dropped.add(zoneIn(zone, "original"), original, now, this.#loose);
    this.#dropped.add(zoneIn(zone, "reply"), reply, now, this.#loose);
    drop(connection);
    return room;
  }

  /** The oldest object that is not assured. */
  #oldest(now: bigint): Connection | undefined {
    while (this.#next < this.#entries.length) {
      const connection = this.#entries[this.#next++] as Connection;
      if (!connection.assured && !connection.dying && connection.expires > now && this.#isIn(connection)) return connection;
    }
    return undefined;
  }

  /** Whether a connection may have been dropped for another one. */
  isInDoubt({ assured, id }: Connection): boolean {
    return !assured && this.#crowdedAt - id > this.#loose * NEGLIGIBLE;
  }

  /** What was found, if it is there still: a full table drops connections for others, and only the kernel knows which. */
  asKept(found: Found | undefined, zone: Zone, tuple: FlowTuple): Found | undefined {
    if (this.#crowdedAt === 0) return found;
    if (!found) {
      if (BOTH.some((side) => this.#dropped.has(zoneIn(zone, side), tuple)))
        throw new Undecided(`whether its connection was dropped from the full connection table of ${this.#netns} (nf_conntrack_max)`);
      return undefined;
    }
    if (!this.isInDoubt(found.connection)) return found;
    const stayed = this.#ask(
      `crowded|${this.#netns}|${found.connection.id}`,
      (value) => `the full connection table ${value ? "kept" : "had dropped"} its connection, which was not assured`,
    );
    return stayed ? found : undefined;
  }
}
