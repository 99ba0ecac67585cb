import { mixed } from "./hash.ts";
import { Prints } from "./prints.ts";

/** What nobody misses after a time, in nanoseconds since the epoch. */
export interface Passing {
  readonly expires: bigint;
}

/** What is kept under names that begin alike, and how many of them at most. */
interface Kind {
  readonly prefix: string;
  readonly most: number;
}

/**
 * Queues of fragments are as many as their memory has room for. Of ways whose MTU was learned each nexthop keeps some thousands, and lets go of one
 * where more than five meet in a bucket (net/ipv4/route.c, FNHE_HASH_SIZE and FNHE_RECLAIM_DEPTH; net/ipv6/route.c, rt6_remove_exception_rt); of hosts that were sent errors
 * inet_peer_threshold (net/ipv4/inetpeer.c).
 */
const KINDS: readonly Kind[] = [
  { prefix: "frag|", most: 65_536 },
  { prefix: "pmtu|", most: 1024 },
  { prefix: "icmp|", most: 65_664 },
];

/** Names that were let go of before their time, and when the last of them would have run out. */
interface Missed {
  readonly names: Prints;
  until: bigint;
}

/** The names of what runs out, of one kind, in the order in which it does. */
class Row {
  readonly kind: Kind;
  readonly #until = new Map<string, bigint>();
  #missed: Missed[] = [];

  constructor(kind: Kind) {
    this.kind = kind;
  }

  note(name: string, until: bigint | undefined): void {
    if (this.#until.get(name) === until) return;
    this.#until.delete(name);
    if (until !== undefined) this.#until.set(name, until);
  }

  /** Takes out the names of what has run out by now, and of what there is too much of. */
  over(now: bigint): string[] {
    const over: string[] = [];
    for (const [name, until] of this.#until) {
      const tooMany = this.#until.size - over.length > this.kind.most;
      if (until > now && !tooMany) break;
      if (until > now) this.#miss(name, until, now);
      over.push(name);
    }
    for (const name of over) this.#until.delete(name);
    return over;
  }

  #miss(name: string, until: bigint, now: bigint): void {
    let last = this.#missed.at(-1);
    if (!last || last.names.isFull) {
      this.#missed = this.#missed.filter((missed) => missed.until > now);
      last = { names: new Prints(this.kind.most, now), until };
      this.#missed.push(last);
    }
    if (until > last.until) last.until = until;
    last.names.add(hashOf(name, 0), hashOf(name, 1));
  }

  isMissed(name: string, now: bigint): boolean {
    return this.#missed.some(({ names, until }) => until > now && names.has(hashOf(name, 0), hashOf(name, 1)));
  }
}

/** When what is kept by name has run out, and what had to go before that. */
export class Ageing {
  readonly #rows = KINDS.map((kind) => new Row(kind));

  #rowOf(name: string): Row | undefined {
    return this.#rows.find(({ kind }) => name.startsWith(kind.prefix));
  }

  /** Takes note of what is kept under a name from now on. */
  note(name: string, value: unknown): void {
    const { expires } = (value ?? {}) as Partial<Passing>;
    this.#rowOf(name)?.note(name, typeof expires === "bigint" ? expires : undefined);
  }

  /** Names whose values are to be let go of. */
  over(now: bigint): readonly string[] {
    return this.#rows.flatMap((row) => row.over(now));
  }

  /** Whether something that was kept under a name had to go before its time, and that has not come yet. */
  isMissed(name: string, now: bigint): boolean {
    return this.#rowOf(name)?.isMissed(name, now) === true;
  }
}

function hashOf(name: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < name.length; i++) hash = mixed(hash, name.charCodeAt(i));
  return hash;
}
