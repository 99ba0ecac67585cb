import { addNamedPorts } from "../extensions/named-ports.ts";
import type { Host } from "../model/host.ts";
import { isIcmp, type Packet, PROTOCOL } from "../model/packet.ts";
import { type FlowTuple, tupleOf } from "./connection.ts";
import { mixed } from "./hash.ts";

/** Protocols whose tuples have the ports of their packets (nf_ct_get_tuple_ports). */
const PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.sctp]);
/** Datagrams in fragments that are kept in mind; where there are more, the deal is given up. */
const MOST = 65_536;
const NUMBERS = 2 ** 32;

/**
 * Deals the packets of a capture to several replays, by connection. Every replay has a deal of its own, and all come to the same, since only
 * the packets decide: their ports, without those that NAT rules name, so that a connection's packets look alike before and after them.
 */
export class Deal {
  readonly shares: number;
  readonly #named: Uint8Array;
  /** Up to which number each share goes. */
  readonly #ends: readonly number[];
  readonly #fragments = new Map<string, number>();
  /** Why it cannot be relied on any more. */
  doubt: string | undefined;

  /** `weights`: how large each share is, in any unit. */
  constructor(host: Host, weights: readonly number[]) {
    this.shares = weights.length;
    this.#named = namedPorts(host);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#ends = weights.map((weight) => {
      sum += weight;
      return (sum / all) * NUMBERS;
    });
  }

  /** The share that a packet belongs to. To be asked once for each packet of the capture, in order. */
  of(packet: Packet): number {
    if (packet.fragment) return this.#ofFragment(packet);
    const { transport, protocol } = packet;
    if (transport && "sport" in transport && PORTS.has(protocol)) return this.#ofNumber(this.#sum(transport.sport, transport.dport));
    return this.ofLoose(packet);
  }

  /** The share of a packet that need not be one of the capture. */
  ofLoose(packet: Packet): number {
    const { transport } = packet;
    const tuple = tupleOf(transport?.kind === "icmp" && transport.quoted ? transport.quoted : packet);
    return tuple ? this.ofTuple(tuple) : this.#ofNumber(0);
  }

  /** The share that all packets with a tuple belong to, and those with its answer's. */
  ofTuple({ protocol, sport, dport }: FlowTuple): number {
    if (isIcmp(protocol)) return this.#ofNumber(mixed(0, sport));
    return this.#ofNumber(PORTS.has(protocol) ? this.#sum(sport, dport) : 0);
  }

  #sum(sport: number, dport: number): number {
    return this.#end(sport) + this.#end(dport);
  }

  #end(port: number): number {
    return this.#named[port] === 1 ? 0 : mixed(port, 0x51ed);
  }

  #ofNumber(number: number): number {
    const spread = mixed(number, 0) >>> 0;
    const ends = this.#ends;
    let share = 0;
    while (share < ends.length - 1 && spread >= (ends[share] as number)) share++;
    return share;
  }

  /** Only the first fragment of a datagram has ports; the others go with it. */
  #ofFragment(packet: Packet): number {
    const { family, src, dst, protocol, id, fragment } = packet;
    // IPv6 puts fragments together whatever protocol they name (ip6_frag.c, ip6frag_key_hashfn).
    const key = `${src}|${dst}|${family === 4 ? protocol : ""}|${id}`;
    const known = this.#fragments.get(key);
    const own = fragment?.offset === 0 ? this.ofLoose(packet) : known;
    if (own === undefined) this.doubt ??= "a fragment came before the first one of its datagram";
    else if (known === undefined) this.#fragments.set(key, own);
    else if (known !== own) this.doubt ??= "two datagrams have the same identification";
    if (this.#fragments.size > MOST) this.doubt ??= "there are many fragments";
    return own ?? 0;
  }
}

/** Looks out for what one of several replays does that would matter to another one. */
export class Watch {
  readonly #deal: Deal;
  readonly #own: number;
  /** What it was, in words; from the packet at hand on the replays cannot be relied on. */
  astray: string | undefined;

  constructor(deal: Deal, own: number) {
    this.#deal = deal;
    this.#own = own;
  }

  get shares(): number {
    return this.#deal.shares;
  }

  /** A connection has this tuple. */
  meets(tuple: FlowTuple): void {
    if (this.#deal.ofTuple(tuple) !== this.#own) this.shared("a connection's packets were dealt to different threads");
  }

  /** A packet may be seen in the capture that looks like this. */
  awaits(packet: Packet): void {
    if (packet.fragment && packet.fragment.offset > 0) return;
    if (this.#deal.ofLoose(packet) !== this.#own) this.shared("a packet's sightings were dealt to different threads");
  }

  /** Something was done that other connections can feel; `what` in words. */
  shared(what: string): void {
    this.astray ??= what;
  }
}

/** The ports that nat rules name as a service's, or as what it is translated to: 1 for each. */
function namedPorts(host: Host): Uint8Array {
  const named = new Set<number>();
  for (const { ruleset4, ruleset6 } of host.namespaces.values()) {
    for (const ruleset of [ruleset4, ruleset6]) {
      for (const port of ruleset?.summary?.natPorts ?? []) named.add(port);
      if (!ruleset || ruleset.summary) continue;
      for (const { rules } of ruleset.tables.get("nat")?.chains.values() ?? []) {
        for (const { matches, target } of rules) addNamedPorts(matches, target, named);
      }
    }
  }
  const flags = new Uint8Array(65_536);
  for (const port of named) flags[port] = 1;
  return flags;
}
