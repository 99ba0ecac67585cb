import type { Assumption } from "../model/host.ts";
import { type FlowTuple, tupleHash } from "./connection.ts";
import type { Setting } from "./conntrack-timeouts.ts";
import { mixed, mixedWith } from "./hash.ts";
import { PairTable } from "./pair-table.ts";

/** What Linux sets where there are more than 4 GiB of memory (nf_conntrack_init_start). */
const USUAL = 262_144;
/** Buckets of the table that are looked through for connections to drop (NF_CT_EVICTION_RANGE), in which each connection stands twice. */
const LOOKED_AT = 8 * 2;
/** With so many to be expected in these buckets one is found for certain, and with so few none is: one in a hundred thousand, one in a thousand. */
const CERTAIN = 12;
const HOPELESS = 0.001;

/** Whether a further connection finds room. */
export interface Room {
  /** What is taken for granted then: that another one was dropped for it, or how many the table has room for. */
  readonly assumption?: Assumption;
  /** Why its packet is dropped. */
  readonly refusal?: string;
}

/** There is room. */
export const FREE: Room = {};

/** How many connections a namespace tracks (net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc and early_drop). */
export class TableLimit {
  /** Infinity where there is no limit. */
  readonly max: number;
  readonly #buckets: number;
  readonly #made: Room;
  readonly #none: Room;

  constructor(netns: string, setting: Setting) {
    const given = setting("max", -1);
    this.max = given === 0 ? Number.POSITIVE_INFINITY : given > 0 ? given : USUAL;
    this.#buckets = setting("buckets", this.max);
    const limit = `net.netfilter.nf_conntrack_max = ${this.max}`;
    const known = given < 0 ? ", as on most machines" : "";
    const full = `the connection table of ${netns} was full (${limit}${known})`;
    const assumed = (text: string): Assumption => ({ id: "conntrack-full", text, ...(given < 0 && { flag: "--snapshot (sysctl.txt)" }) });
    this.#made = { assumption: assumed(`${full}, and the kernel dropped connections that were not assured to make room`) };
    const refusal = `the connection table is full (${limit}), and it would open a connection`;
    this.#none = { refusal, ...(given < 0 && { assumption: assumed(full) }) };
  }

  /** What a full table does; undefined when that hangs on which buckets are looked through. `loose`: connections that are not assured. */
  room(loose: number): Room | undefined {
    const expected = (LOOKED_AT * loose) / this.#buckets;
    if (expected >= CERTAIN) return this.#made;
    return expected <= HOPELESS ? this.#none : undefined;
  }
}

/** So long something of them may stand in the table (the longest of the timeouts before an answer, nf_conntrack_proto_*.c). */
const KEPT = 600_000_000_000n;

/** The tuples of connections that were let go of for others, though the kernel may have dropped others in their place. */
export class Dropped {
  #newest = new PairTable();
  #older = new PairTable();
  #since: bigint | undefined;

  add(zone: number, tuple: FlowTuple, now: bigint): void {
    this.#since ??= now;
    if (now - this.#since > KEPT) {
      this.#older = this.#newest;
      this.#newest = new PairTable();
      this.#since = now;
    }
    this.#newest.set(mixed(tupleHash(tuple), zone), crossHash(tuple), 1);
  }

  has(zone: number, tuple: FlowTuple): boolean {
    const [one, other] = [mixed(tupleHash(tuple), zone), crossHash(tuple)];
    return (this.#newest.get(one, other) ?? this.#older.get(one, other)) !== undefined;
  }
}

/** Another number for a tuple, which two that have the same hash do not share. */
function crossHash({ src, dst, protocol, sport, dport }: FlowTuple): number {
  return mixed(mixedWith(mixed(mixedWith(mixed(dport, protocol), dst), sport), src), dport);
}
