import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Ask } from "./choices.ts";
import { ANY_PORT, type Connection, type FlowTuple, sameTuple } from "./connection.ts";
import type { Setting } from "./conntrack-timeouts.ts";
import { type Heard, OpenPorts, openSide } from "./open-port.ts";
import type { State } from "./state.ts";
import { type Found, TableEntries } from "./table-entries.ts";
import type { Room } from "./table-limit.ts";
import { type TupleCell, TupleCells } from "./tuple-cells.ts";
import { type Zone, zoneIn } from "./zone.ts";

/** Protocols of which two entries for the same packets are never joined (allow_clash of struct nf_conntrack_l4proto). */
const NO_CLASHES: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.sctp]);

const BOTH = ["original", "reply"] as const;

/** The table of one namespace's connections (net/netfilter/nf_conntrack_core.c), which looks a tuple up in the zone of its direction. */
export class ConntrackTable {
  readonly #state: State;
  /** Entries whose zone is for one direction have cells of their own for each: the same tuple may stand for both directions, of two entries. */
  readonly #cells: TupleCells<Connection>;
  readonly openPorts: OpenPorts;
  /** Whether any zone was ever for one direction only. */
  #divided = false;
  readonly entries: TableEntries;
  /** Is told of connections that were at rest. */
  woken: ((connection: Connection) => void) | undefined;

  constructor(netns: string, state: State, ask: Ask, setting: Setting) {
    this.entries = new TableEntries(netns, state, ask, setting, (connection) => this.#isIn(connection));
    this.#cells = new TupleCells(`ct|${netns}`);
    this.#state = state;
    this.openPorts = new OpenPorts(netns, state, ask);
  }

  /** The cell in which a connection is found by its own tuple of a direction, made or as it stands. */
  #cellOf({ zone, original, reply }: Connection, direction: Found["direction"]): TupleCell<Connection> {
    const tuple = direction === "original" ? original : reply;
    if (zone.direction === undefined) return this.#cells.at(zone.id, tuple);
    return this.#cells.at(zoneIn(zone, direction), tuple, direction);
  }

  #isIn(connection: Connection): boolean {
    const { zone, original } = connection;
    return this.#cells.find(zoneIn(zone, "original"), original, zone.direction && "original")?.value === connection;
  }

  /** Puts a connection into the table, under both tuples. */
  insert(connection: Connection): void {
    this.#divided ||= connection.zone.direction !== undefined;
    this.entries.add(connection);
    this.#state.write(this.#cellOf(connection, "original"), connection);
    if (!this.openPorts.add(connection)) this.#state.write(this.#cellOf(connection, "reply"), connection);
  }

  /** Puts a connection that was at rest where it was before. */
  wake(connection: Connection): void {
    for (const direction of BOTH) this.#cellOf(connection, direction).value = connection;
    this.entries.back(connection);
    this.woken?.(connection);
  }

  /** Takes out what has run out, when that may be worth it (gc_worker); to be called between two packets. Says whether it was. */
  sweep(now: bigint): boolean {
    if (!this.entries.isDue) return false;
    this.#sweep(now);
    return true;
  }

  #sweep(now: bigint): void {
    // What is in doubt cannot be asked for.
    const stays = ({ dying, expires, reply, resting }: Connection) =>
      !resting && ((!dying && expires > now) || (this.#state.isDoubtful && openSide(reply) !== undefined));
    this.entries.sweep(now, stays, (connection) => this.openPorts.remove(connection));
    this.#cells.sweep((connection) => (stays(connection) ? connection : undefined));
    this.#state.commit();
  }

  /** Finds room for a further connection. */
  makeRoom(id: number, now: bigint, drop: (connection: Connection) => void): Room {
    const crowd = () => {
      for (let oldest = this.entries.resting.oldestLoose(); oldest; oldest = this.entries.resting.oldestLoose()) {
        this.wake(oldest);
        if (oldest.expires > now) return oldest;
      }
      return undefined;
    };
    return this.entries.makeRoom(id, now, crowd, drop);
  }

  /** A connection whose port is not known has sent another packet. */
  askAgain(connection: Connection, packet: Packet): void {
    this.openPorts.remove(connection);
    connection.asked = packet;
    this.openPorts.add(connection);
  }

  /** Looks a tuple up (nf_conntrack_find_get), and if something was heard also where a port is not known; expired entries are forgotten. */
  find(zone: Zone, tuple: FlowTuple, now: bigint, heard?: Heard): Found | undefined {
    const found = this.entries.asKept(this.#find(zone, tuple, now, heard), zone, tuple);
    const { watch } = this.#state;
    if (watch) for (const one of [tuple, ...(found ? [found.connection.original, found.connection.reply] : [])]) watch.meets(one);
    return found;
  }

  #find(zone: Zone, tuple: FlowTuple, now: bigint, heard?: Heard): Found | undefined {
    const [first, second] = [zoneIn(zone, "original"), zoneIn(zone, "reply")];
    const found = this.#fitting(zone, first, tuple, now) ?? (second === first ? undefined : this.#fitting(zone, second, tuple, now));
    if (found || !heard) return found;
    const answered = this.openPorts.answered(second, tuple, heard, now);
    if (!answered) return undefined;
    this.#settle(answered);
    return { connection: answered, direction: "reply" };
  }

  /** Puts a connection whose port was told where it belongs. */
  #settle(connection: Connection): void {
    const { zone, original } = connection;
    for (const side of ["sport", "dport"] as const) {
      const before = this.#cells.find(zone.id, { ...original, [side]: ANY_PORT }, zone.direction && "original");
      if (before && before.value === connection) this.#state.write(before, undefined);
    }
    for (const direction of BOTH) this.#state.write(this.#cellOf(connection, direction), connection);
  }

  /** nf_ct_key_equal: an entry counts when its zone agrees in the direction that the tuple has there. */
  #fitting(zone: Zone, id: number, tuple: FlowTuple, now: bigint): Found | undefined {
    const plain = this.#get(id, tuple, now);
    const direction = plain ? directionOf(plain, tuple) : "reply";
    if (plain && plain.zone.id === zoneIn(zone, direction)) return { connection: plain, direction };
    if (!this.#divided) return undefined;
    for (const side of BOTH) {
      const connection = zoneIn(zone, side) === id ? this.#get(id, tuple, now, side) : undefined;
      if (connection) return { connection, direction: side };
    }
    return undefined;
  }

  /** What is known of a tuple, without changing anything or minding what is in doubt. */
  peek(zone: number, tuple: FlowTuple, now: bigint): Found | undefined {
    const connection = this.#cellFor(zone, tuple)?.value;
    if (!connection || connection.dying || connection.expires <= now) return undefined;
    return { connection, direction: directionOf(connection, tuple) };
  }

  /** The cell that is found by a tuple, as it stands. */
  #cellFor(zone: number, tuple: FlowTuple, side?: Found["direction"]): TupleCell<Connection> | undefined {
    const cell = this.#cells.find(zone, tuple, side);
    if (cell?.value !== undefined || side !== undefined) return cell;
    const resting = this.entries.resting.byTuple(zone, tuple);
    if (!resting) return cell;
    this.wake(resting);
    return this.#cells.find(zone, tuple);
  }

  #get(zone: number, tuple: FlowTuple, now: bigint, side?: Found["direction"]): Connection | undefined {
    const cell = this.#cellFor(zone, tuple, side);
    if (!cell) this.#state.checkAbsent(() => this.#cells.nameOf(zone, tuple, side));
    const connection = cell && this.#state.read(cell);
    if (!connection) return undefined;
    this.#state.checkObject(connection);
    if (connection.dying || connection.expires <= now) {
      this.forget(connection);
      return undefined;
    }
    return connection;
  }

  /** Takes a connection out of the table (nf_ct_delete). */
  forget(connection: Connection): void {
    this.#state.change(connection);
    this.entries.leaves(connection);
    connection.dying = true;
    this.openPorts.remove(connection);
    for (const direction of BOTH) {
      const cell = this.#cellOf(connection, direction);
      if (this.#state.read(cell) === connection) this.#state.write(cell, undefined);
    }
  }

  /** Whether another connection would get this one's replies (nf_conntrack_tuple_taken). */
  isTaken(reply: FlowTuple, self: Connection, now: bigint): boolean {
    if (openSide(reply)) return false;
    const zone = zoneIn(self.zone, "reply");
    const other = this.#fitting(self.zone, zone, reply, now)?.connection;
    if (other) return other !== self;
    const holder = this.openPorts.holder(zone, reply, self, now);
    if (holder) this.#settle(holder);
    return holder !== undefined;
  }

  /**
   * Whether that is so for a connection that NAT leaves as it is (nf_nat_used_tuple_new). Where its replies are just another's
   * original packets, the clash is left to be found on entering the table.
   */
  isTakenUnchanged(tuple: FlowTuple, reply: FlowTuple, self: Connection, now: bigint): boolean {
    if (!this.isTaken(reply, self, now)) return false;
    if (NO_CLASHES.has(tuple.protocol) || self.srcNat || self.dstNat || self.shifts) return true;
    const other = (this.find(self.zone, tuple, now) ?? this.find(self.zone, reply, now))?.connection;
    if (!other) return false;
    return other.srcNat || other.dstNat || other.shifts !== undefined || !sameTuple(other.original, self.reply);
  }

  /** Whether another connection stands where this one is to be entered (__nf_conntrack_confirm). */
  clashes(connection: Connection, now: bigint): boolean {
    const { zone, original, reply } = connection;
    const at = (direction: "original" | "reply", tuple: FlowTuple) => this.#fitting(zone, zoneIn(zone, direction), tuple, now)?.connection;
    const other = at("original", original) ?? (openSide(reply) ? undefined : at("reply", reply));
    return other !== undefined && other !== connection;
  }

  /** What is in the table for a tuple is in doubt from now on. */
  taint(tuple: FlowTuple, zone: number, reason: string): void {
    this.#state.taint(this.#cells.nameOf(zone, tuple), reason);
  }
}

/** A packet to its own source is its own answer: the reply tuple is put in front of the other (__nf_conntrack_hash_insert). */
function directionOf({ original, reply }: Connection, tuple: FlowTuple): Found["direction"] {
  return sameTuple(original, tuple) && !sameTuple(reply, tuple) ? "original" : "reply";
}
