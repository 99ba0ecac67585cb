import type { Assumption } from "../model/host.ts";
import { type FlowTuple, tupleHash } from "./connection.ts";
import type { Setting } from "./conntrack-timeouts.ts";
import { mixed, mixedWith } from "./hash.ts";
import { Prints } from "./prints.ts";

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
/** When so many times those that may be dropped were dropped, next to none (1 of 3,000) that stood before is left. */
const TURNS = 8;
/** Tuples that are forgotten together: so many times those that may be dropped, and not less than these. */
const AT_ONCE = 2;
const LEAST = 1024;

/**
 * The tuples of connections that were let go of for others, though the kernel may have dropped others in their place. Those are forgotten
 * whose turn must have come since, so that what is kept is bounded however long a flood lasts.
 */
export class Dropped {
  /** Oldest first. */
  #kept: Prints[] = [];

  /** Takes a connection's tuple at a time at which `loose` connections may be dropped. */
  add(zone: number, tuple: FlowTuple, now: bigint, loose: number): void {
    const newest = this.#kept.at(-1);
    if (newest && !newest.isFull && now - newest.since <= KEPT) {
      newest.add(mixed(tupleHash(tuple), zone), crossHash(tuple));
      return;
    }
    this.#kept = this.#kept.filter((one, i) => now - one.since <= 2n * KEPT && this.#after(i) < TURNS * loose);
    this.#kept.push(new Prints(Math.max(LEAST, AT_ONCE * loose), now));
    this.add(zone, tuple, now, loose);
  }

  /** How many were dropped after those of one part. */
  #after(part: number): number {
    return this.#kept.slice(part + 1).reduce((sum, { size }) => sum + size, 0);
  }

  has(zone: number, tuple: FlowTuple): boolean {
    if (this.#kept.length === 0) return false;
    const [one, other] = [mixed(tupleHash(tuple), zone), crossHash(tuple)];
    return this.#kept.some((prints) => prints.has(one, other));
  }
}

/** Another number for a tuple, which two that have the same hash do not share. */
function crossHash({ src, dst, protocol, sport, dport }: FlowTuple): number {
  return mixed(mixedWith(mixed(mixedWith(mixed(dport, protocol), dst), sport), src), dport);
}
