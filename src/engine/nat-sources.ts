import type { Connection, FlowTuple } from "./connection.ts";
import type { Resting } from "./resting.ts";
import type { State } from "./state.ts";
import { SOURCE, type TupleCell, TupleCells } from "./tuple-cells.ts";
import { type Zone, zoneIn } from "./zone.ts";

/** Connections from the same source, what began last first. It is never changed: thousands may be from one, and each way of a packet adds its own. */
class Chain {
  readonly connection: Connection;
  readonly older: Chain | undefined;

  constructor(connection: Connection, older: Chain | undefined) {
    this.connection = connection;
    this.older = older;
  }

  /** In which ways of a packet can differ: it adds no more than one. */
  toJSON(): unknown {
    return [this.connection, this.older?.connection.id];
  }
}

/** The connections of one namespace whose source is bound, by what they come from (nf_nat_bysource). */
export class NatSources {
  readonly #state: State;
  readonly #resting: Resting;
  readonly #added: TupleCells<Chain>;
  /** Those that were at rest for a while, which no way of a packet undoes, in any order. */
  readonly #woken: TupleCells<Chain>;

  constructor(netns: string, state: State, resting: Resting) {
    this.#state = state;
    this.#resting = resting;
    this.#added = new TupleCells(`ct|src|${netns}`, SOURCE);
    this.#woken = new TupleCells(`ct|src|${netns}`, SOURCE);
  }

  /** Those that come from where a tuple does; what began last comes first. */
  *of(zone: Zone, tuple: FlowTuple): Generator<Connection> {
    const [id, side] = scopeOf(zone);
    const cell = this.#added.find(id, tuple, side);
    if (!cell) this.#state.checkAbsent(() => this.#added.nameOf(id, tuple, side));
    let added = cell && this.#state.read(cell);
    let woken = sorted(this.#woken.find(id, tuple, side));
    const resting = zone.direction === undefined ? this.#resting.fromSource(id, tuple) : undefined;
    let atRest = resting?.next().value as Connection | undefined;
    for (;;) {
      const [one, two, three] = [added?.connection.id ?? 0, woken?.connection.id ?? 0, atRest?.id ?? 0];
      if (added && one > two && one > three) {
        yield added.connection;
        added = added.older;
      } else if (woken && two > three) {
        yield woken.connection;
        woken = woken.older;
      } else if (atRest) {
        yield atRest;
        atRest = resting?.next().value as Connection | undefined;
      } else return;
    }
  }

  add(connection: Connection): void {
    const cell = cellOf(this.#added, connection);
    this.#state.write(cell, new Chain(connection, this.#state.read(cell)));
  }

  /** Puts one that was at rest where it was before. */
  back(connection: Connection): void {
    if (!connection.srcNatDone) return;
    const cell = cellOf(this.#woken, connection);
    cell.value = new Chain(connection, cell.value);
  }

  /** Lets go of connections that are over, or at rest; to be called between two packets. */
  sweep(now: bigint): void {
    const stays = ({ dying, expires, resting }: Connection) => !resting && !dying && expires > now;
    for (const cells of [this.#added, this.#woken]) cells.sweep((chain) => leftOf(chain, stays));
  }
}

/** hash_by_src and same_src: a zone of one direction only is not part of the hash. */
function scopeOf(zone: Zone): readonly [number, string] {
  return [zoneIn(zone, "original"), zone.direction ? "divided" : ""];
}

function cellOf(cells: TupleCells<Chain>, { zone, original }: Connection): TupleCell<Chain> {
  const [id, side] = scopeOf(zone);
  return cells.at(id, original, side);
}

/** What is in a cell, what began last first. */
function sorted(cell: TupleCell<Chain> | undefined): Chain | undefined {
  if (!cell?.value?.older) return cell?.value;
  const all: Connection[] = [];
  for (let one: Chain | undefined = cell.value; one; one = one.older) all.push(one.connection);
  all.sort((a, b) => a.id - b.id);
  cell.value = all.reduce<Chain | undefined>((older, one) => new Chain(one, older), undefined);
  return cell.value;
}

function leftOf(chain: Chain, stays: (connection: Connection) => boolean): Chain | undefined {
  const left: Connection[] = [];
  let isWhole = true;
  for (let one: Chain | undefined = chain; one; one = one.older) {
    if (stays(one.connection)) left.push(one.connection);
    else isWhole = false;
  }
  return isWhole ? chain : left.reduceRight<Chain | undefined>((older, one) => new Chain(one, older), undefined);
}
