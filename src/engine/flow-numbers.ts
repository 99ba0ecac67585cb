import type { Address } from "../model/address.ts";
import { isIcmp, type Packet } from "../model/packet.ts";
import { type Connection, type FlowTuple, sameTuple, tupleOf } from "./connection.ts";
import type { Watch } from "./deal.ts";
import { mixed, mixedWith } from "./hash.ts";
import { PairTable } from "./pair-table.ts";

/** So many addresses and ports are kept in mind at most; the half of them that was not met for longest is forgotten together. */
const MOST = 262_144;
/** Stands where there is no port. */
const NO_PORT = -2;

/** Between whom packets go, whichever way. */
interface Ends {
  readonly protocol: number;
  readonly src: Address;
  readonly sport: number;
  readonly dst: Address;
  readonly dport: number;
}

/** Numbers connections for the reader: by the conntrack entry, or by addresses and ports in either direction. */
export class FlowNumbers {
  /** By two hashes of their ends: those that were met last, and those that were met before them. */
  #newest = new PairTable();
  #older = new PairTable();
  readonly #most: number;
  readonly #watch: Watch | undefined;
  #count = 0;

  /** Where packets are dealt to several replays, what is forgotten in one is others' matter, too. */
  constructor(most = MOST, watch?: Watch) {
    this.#watch = watch;
    this.#most = watch ? Math.floor(most / watch.shares) : most;
  }

  /** The number of a packet's connection; `connections` are the entries that it was found to belong to. */
  of(packet: Packet, connections: readonly (Connection | undefined)[]): number {
    const own = packet.transport?.kind === "icmp" && packet.transport.quoted ? tupleOf(packet.transport.quoted) : tupleOf(packet);
    const known = connections.find((connection) => connection?.flow !== undefined)?.flow;
    // What a connection goes by is kept in mind since it has its number.
    if (known !== undefined && own && connections.every((one) => one?.flow !== undefined && goesBy(one, own))) return known;
    const all: Ends[] = [];
    for (const connection of connections) if (connection) addTo(all, endsOf(connection.original), endsOf(connection.reply));
    addTo(all, own ? endsOf(own) : portless(packet));
    const names = all.map(nameOf);
    const found = known ?? this.#numberOf(names);
    const number = found ?? ++this.#count;
    for (const connection of connections) if (connection) connection.flow ??= number;
    // What has a new number was looked for under all its names.
    for (const name of names) this.#remember(name, number, found === undefined);
    return number;
  }

  #numberOf(names: readonly Name[]): number | undefined {
    for (const { one, other } of names) {
      const known = this.#newest.get(one, other) ?? this.#older.get(one, other);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  #remember({ one, other }: Name, number: number, isNew: boolean): void {
    if (!isNew && this.#newest.get(one, other) !== undefined) return;
    const known = isNew ? undefined : this.#older.get(one, other);
    if (this.#newest.size >= this.#most / 2) {
      if (this.#older.size > 0) this.#watch?.shared("there are many connections");
      this.#older = this.#newest;
      this.#newest = new PairTable();
    }
    this.#newest.set(one, other, known ?? number);
  }
}

/** Adds those that are not there, since many are the same, and each is looked for in large tables. */
function addTo(all: Ends[], ...more: readonly Ends[]): void {
  for (const ends of more) if (!all.some((other) => areSame(other, ends))) all.push(ends);
}

function goesBy({ original, reply }: Connection, tuple: FlowTuple): boolean {
  return sameTuple(original, tuple) || sameTuple(reply, tuple);
}

/** The identifier of ICMP is that of both ends. */
function endsOf(tuple: FlowTuple): Ends {
  return isIcmp(tuple.protocol) && tuple.dport !== tuple.sport ? { ...tuple, dport: tuple.sport } : tuple;
}

function portless({ src, dst, protocol, id }: Packet): Ends {
  return { protocol, src, sport: id ?? NO_PORT, dst, dport: NO_PORT };
}

/** What the two hashes begin with. */
const ONE = 0;
const OTHER = 0x3ade_68b1;

/** What ends are found by. */
interface Name {
  readonly one: number;
  readonly other: number;
}

function nameOf(ends: Ends): Name {
  return { one: hashOf(ends, ONE), other: hashOf(ends, OTHER) };
}

/** A hash that is the same whichever way packets go. */
function hashOf({ protocol, src, sport, dst, dport }: Ends, seed: number): number {
  const one = mixed(mixedWith(seed, src), sport);
  const other = mixed(mixedWith(seed, dst), dport);
  return mixed(mixed((one + other) | 0, Math.imul(one, other)), protocol);
}

function areSame(a: Ends, b: Ends): boolean {
  if (a.protocol !== b.protocol) return false;
  if (a.src === b.src && a.sport === b.sport && a.dst === b.dst && a.dport === b.dport) return true;
  return a.src === b.dst && a.sport === b.dport && a.dst === b.src && a.dport === b.sport;
}
