import type { Packet } from "../model/packet.ts";
import { type Connection, type FlowTuple, sameTuple, tupleKey } from "./connection.ts";
import { OpenPorts, openSide } from "./open-port.ts";
import type { State } from "./state.ts";
import { type Zone, zoneIn } from "./zone.ts";

/** A connection and the direction in which a tuple belongs to it. */
export interface Found {
  readonly connection: Connection;
  readonly direction: "original" | "reply";
}

/** The table of one namespace's connections (net/netfilter/nf_conntrack_core.c), which looks a tuple up in the zone of its direction. */
export class ConntrackTable {
  readonly #netns: string;
  readonly #state: State;
  readonly #openPorts: OpenPorts;
  /** Whether any zone was ever for one direction only. */
  #divided = false;

  constructor(netns: string, state: State) {
    this.#netns = netns;
    this.#state = state;
    this.#openPorts = new OpenPorts(netns, state);
  }

  #key(zone: number, tuple: FlowTuple): string {
    return `ct|${this.#netns}|${zone}|${tupleKey(tuple)}`;
  }

  /** The keys under which a connection is found by its own tuples. */
  #keysOf({ zone, original, reply }: Connection): readonly [string, string] {
    return [this.#key(zoneIn(zone, "original"), original), this.#key(zoneIn(zone, "reply"), reply)];
  }

  /** Puts a connection into the table, under both tuples. */
  insert(connection: Connection): void {
    const [original, reply] = this.#keysOf(connection);
    this.#divided ||= connection.zone.direction !== undefined;
    this.#state.set(original, connection);
    if (!this.#openPorts.add(connection)) this.#state.set(reply, connection);
  }

  /** Looks a tuple up (nf_conntrack_find_get); expired entries are forgotten. */
  find(zone: Zone, tuple: FlowTuple, now: bigint, packet?: Packet): Found | undefined {
    const [first, second] = [zoneIn(zone, "original"), zoneIn(zone, "reply")];
    const found = this.#fitting(zone, first, tuple, now) ?? (second === first ? undefined : this.#fitting(zone, second, tuple, now));
    if (found) return found;
    const answered = this.#openPorts.answered(second, tuple, packet, now);
    if (!answered) return undefined;
    this.#state.set(this.#key(second, answered.reply), answered);
    return { connection: answered, direction: "reply" };
  }

  /** nf_ct_key_equal: an entry counts when its zone agrees in the direction that the tuple has there. */
  #fitting(zone: Zone, id: number, tuple: FlowTuple, now: bigint): Found | undefined {
    const connection = this.#get(id, tuple, now);
    if (!connection) return undefined;
    const direction = sameTuple(connection.original, tuple) ? "original" : "reply";
    if (this.#divided && zoneIn(connection.zone, direction) !== zoneIn(zone, direction)) return undefined;
    return { connection, direction };
  }

  /** What is known of a tuple, without changing anything or minding what is in doubt. */
  peek(zone: number, tuple: FlowTuple, now: bigint): Found | undefined {
    const connection = this.#state.peek<Connection>(this.#key(zone, tuple));
    if (!connection || connection.dying || connection.expires <= now) return undefined;
    return { connection, direction: sameTuple(connection.original, tuple) ? "original" : "reply" };
  }

  #get(zone: number, tuple: FlowTuple, now: bigint): Connection | undefined {
    const connection = this.#state.get<Connection>(this.#key(zone, tuple));
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
    connection.dying = true;
    this.#openPorts.remove(connection);
    for (const key of this.#keysOf(connection)) {
      if (this.#state.get(key) === connection) this.#state.set<unknown>(key, undefined);
    }
  }

  /** Whether another connection would get this one's replies (nf_conntrack_tuple_taken). */
  isTaken(reply: FlowTuple, self: Connection, now: bigint): boolean {
    if (openSide(reply)) return false;
    const other = this.#fitting(self.zone, zoneIn(self.zone, "reply"), reply, now)?.connection;
    return other !== undefined && other !== self;
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
    this.#state.taint(this.#key(zone, tuple), reason);
  }
}
