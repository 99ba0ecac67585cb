import type { Address } from "../model/address.ts";
import type { Connection, FlowTuple } from "./connection.ts";
import type { State } from "./state.ts";
import { Undecided } from "./undecided.ts";

const SECOND = 1_000_000_000n;

/** A connection that a helper has found announced (struct nf_conntrack_expect); its source port may be any. */
export interface Expectation {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly dport: number;
  /** The connection that announced it. */
  readonly master: Connection;
  /** Nanoseconds since the epoch. */
  readonly expires: bigint;
  /** Where NAT is to follow the master's (nf_nat_follow_master): the direction as the master's, and the port that its receiver listens on. */
  readonly follow?: { readonly direction: 0 | 1; readonly port: number };
}

/** Lifetime of an expectation of ftp and tftp. */
export const EXPECTATION_LIFE = 300n * SECOND;

/** Connections that helpers have announced in one namespace (net/netfilter/nf_conntrack_expect.c). */
export class Expectations {
  readonly #netns: string;
  readonly #state: State;
  #used = false;
  #suspicious = false;

  constructor(netns: string, state: State) {
    this.#netns = netns;
    this.#state = state;
  }

  #key({ protocol, dst, dport }: { readonly protocol: number; readonly dst: Address; readonly dport: number }): string {
    return `ct|expect|${this.#netns}|${protocol}|${dst}|${dport}`;
  }

  /** nf_ct_expect_related: "busy" when another connection has announced the same. A master announces one connection at a time. */
  expect(expectation: Expectation, now: bigint): "expected" | "busy" {
    const { master, src } = expectation;
    const key = this.#key(expectation);
    const alive = this.#at(key, now);
    if (alive.some((other) => other.master !== master && other.src === src && other.master.zone.id === master.zone.id)) return "busy";
    this.#used = true;
    this.#state.watch?.shared("a helper announced a connection");
    this.withdraw(master);
    this.#state.set(key, [expectation, ...this.#at(key, now)]);
    this.#state.change(master);
    master.announced = key;
    return "expected";
  }

  #at(key: string, now: bigint): readonly Expectation[] {
    return (this.#state.get<readonly Expectation[]>(key) ?? []).filter((one) => one.expires > now);
  }

  /** nf_ct_find_expectation: the expectation that a new connection meets, which it uses up. */
  meet(zone: number, tuple: FlowTuple, now: bigint): Expectation | undefined {
    if (!this.#used) return undefined;
    const key = this.#key(tuple);
    const met = this.#at(key, now).find(({ src, master }) => src === tuple.src && master.zone.id === zone);
    if (!met) return undefined;
    const { master } = met;
    this.#state.checkObject(master);
    if (!master.confirmed || master.dying) return undefined;
    if (master.expires <= now)
      throw new Undecided(
        "whether the kernel had cleared away the expired connection that announced this one, and the announcement with it",
      );
    this.withdraw(master);
    return met;
  }

  /** Forgets what a connection has announced (nf_ct_remove_expectations). */
  withdraw(master: Connection): void {
    const key = master.announced;
    if (key === undefined) return;
    const rest = (this.#state.get<readonly Expectation[]>(key) ?? []).filter((one) => one.master !== master);
    this.#state.set<unknown>(key, rest.length > 0 ? rest : undefined);
    this.#state.change(master);
    master.announced = undefined;
  }

  /** Notes that a helper which is not modelled has seen a packet of a connection, and may have announced any other of the same hosts. */
  suspect(master: Connection, now: bigint): void {
    const key = `ct|suspect|${this.#netns}`;
    const known = this.#state.get<readonly Suspicion[]>(key) ?? [];
    this.#suspicious = true;
    this.#state.watch?.shared("a helper may have announced a connection");
    const rest = known.filter((one) => one.master !== master && one.expires > now);
    this.#state.set(key, [...rest, { master, expires: now + EXPECTATION_LIFE }]);
  }

  /** The connection whose helper, which is not modelled, may have announced a new one. */
  suspicion(zone: number, { src, dst }: FlowTuple, now: bigint): Connection | undefined {
    if (!this.#suspicious) return undefined;
    const known = this.#state.get<readonly Suspicion[]>(`ct|suspect|${this.#netns}`) ?? [];
    return known.find(({ master: { original, reply, zone: own }, expires }) => {
      const hosts = [original.src, original.dst, reply.src, reply.dst];
      return expires > now && own.id === zone && (hosts.includes(src) || hosts.includes(dst));
    })?.master;
  }
}

interface Suspicion {
  readonly master: Connection;
  /** Nanoseconds since the epoch. */
  readonly expires: bigint;
}
