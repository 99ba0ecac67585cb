import type { Packet } from "../model/packet.ts";
import { type Connection, type FlowTuple, isIcmp, sameTuple, tupleOf } from "./connection.ts";
import type { Watch } from "./deal.ts";

/** So many addresses and ports are kept in mind; those that were not met for longest are forgotten. */
const MOST = 262_144;

/** Numbers connections for the reader: by the conntrack entry, or by addresses and ports in either direction. */
export class FlowNumbers {
  readonly #numbers = new Map<string, number>();
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
    const keys = new Set<string>();
    for (const connection of connections) if (connection) keys.add(bothWays(connection.original)).add(bothWays(connection.reply));
    keys.add(own ? bothWays(own) : either(`${packet.src}|${packet.protocol}|${packet.id ?? ""}`, `${packet.dst}|${packet.protocol}`));
    const number = known ?? this.#numberOf(keys) ?? ++this.#count;
    for (const connection of connections) if (connection) connection.flow ??= number;
    for (const key of keys) this.#remember(key, number);
    return number;
  }

  #numberOf(keys: ReadonlySet<string>): number | undefined {
    for (const key of keys) {
      const number = this.#numbers.get(key);
      if (number !== undefined) return number;
    }
    return undefined;
  }

  #remember(key: string, number: number): void {
    const before = this.#numbers.get(key) ?? number;
    this.#numbers.delete(key);
    this.#numbers.set(key, before);
    if (this.#numbers.size <= this.#most) return;
    this.#watch?.shared("there are many connections");
    const [oldest] = this.#numbers.keys();
    if (oldest !== undefined) this.#numbers.delete(oldest);
  }
}

function goesBy({ original, reply }: Connection, tuple: FlowTuple): boolean {
  return sameTuple(original, tuple) || sameTuple(reply, tuple);
}

function either(a: string, b: string): string {
  return a < b ? `${a}#${b}` : `${b}#${a}`;
}

function bothWays({ src, dst, protocol, sport, dport }: FlowTuple): string {
  return either(`${src}|${sport}|${protocol}`, `${dst}|${isIcmp(protocol) ? sport : dport}|${protocol}`);
}
