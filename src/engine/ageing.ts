import { FirstIn } from "./first-in.ts";
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
  { prefix: "limit|host|", most: 65_664 },
];

/** Parts in which names of what is missed are kept, each larger than the one before, up to so many. */
const PARTS = 8;
const LARGEST = 1 << 18;

/** Names that were let go of before their time, and when the last of them would have run out. */
interface Missed {
  readonly names: Prints;
  until: bigint;
}

const NONE: readonly string[] = [];

/** So many turns of what is gone are left, and as many as there are others. */
const SPARE = 4096;

/** When a name is looked at again. */
interface Turn {
  readonly name: string;
  readonly until: bigint;
}

/** The names of what runs out, of one kind, about in the order in which it does. */
class Row {
  readonly kind: Kind;
  readonly #until = new Map<string, bigint>();
  /** Each of the names once. What runs out later than it did when it was put there is put at the end again when its turn comes. */
  #turns = new FirstIn<Turn>();
  #missed: Missed[] = [];
  /** Until then anything may have been let go of. */
  #lost = 0n;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  note(name: string, until: bigint | undefined): void {
    if (until === undefined) {
      this.#until.delete(name);
      return;
    }
    // V8's maps are slow where a key is taken out and put in again and again.
    if (!this.#until.has(name)) this.#turns.push({ name, until });
    this.#until.set(name, until);
    if (this.#turns.length > 2 * this.#until.size + SPARE) this.#tidy();
  }

  /** Takes out the turns of what is gone: most datagrams come together long before they would run out. */
  #tidy(): void {
    const known = new Set<string>();
    const { all } = this.#turns;
    this.#turns = new FirstIn<Turn>();
    for (const turn of all) {
      if (!this.#until.has(turn.name) || known.has(turn.name)) continue;
      known.add(turn.name);
      this.#turns.push(turn);
    }
  }

  /** Whether it is worth it to look for what is over. */
  isDue(now: bigint): boolean {
    const { first } = this.#turns;
    return first !== undefined && (first.until <= now || this.#until.size > this.kind.most);
  }

  /** Takes out the names of what has run out by now, and of what there is too much of. */
  over(now: bigint): string[] {
    const over: string[] = [];
    for (let turn = this.#turns.first; turn; turn = this.#turns.first) {
      const until = this.#until.get(turn.name);
      if (until !== undefined && turn.until > now && this.#until.size <= this.kind.most) break;
      this.#turns.shift();
      if (until === undefined) continue;
      if (until > turn.until) {
        this.#turns.push({ name: turn.name, until });
        continue;
      }
      if (until > now) this.#miss(turn.name, until, now);
      this.#until.delete(turn.name);
      over.push(turn.name);
    }
    return over;
  }

  #miss(name: string, until: bigint, now: bigint): void {
    let last = this.#missed.at(-1);
    if (!last || last.names.isFull) {
      this.#missed = this.#missed.filter((missed) => missed.until > now);
      const oldest = this.#missed.length >= PARTS ? this.#missed.shift() : undefined;
      if (oldest && oldest.until > this.#lost) this.#lost = oldest.until;
      last = { names: new Prints(Math.min(LARGEST, this.kind.most * 4 ** this.#missed.length), now), until };
      this.#missed.push(last);
    }
    if (until > last.until) last.until = until;
    last.names.add(hashOf(name, 0), hashOf(name, 1));
  }

  isMissed(name: string, now: bigint): boolean {
    if (this.#missed.length === 0) return false;
    if (this.#lost > now) return !this.#until.has(name);
    const [one, other] = [hashOf(name, 0), hashOf(name, 1)];
    return this.#missed.some(({ names, until }) => until > now && names.has(one, other));
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
    let over: readonly string[] = NONE;
    // This is asked before each packet.
    for (let i = 0; i < KINDS.length; i++) {
      const row = this.#rows[i] as Row;
      if (row.isDue(now)) over = [...over, ...row.over(now)];
    }
    return over;
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
