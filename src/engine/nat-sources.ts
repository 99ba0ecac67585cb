import type { Connection, FlowTuple } from "./connection.ts";
import type { State } from "./state.ts";
import { SOURCE, type TupleCell, TupleCells } from "./tuple-cells.ts";
import { type Zone, zoneIn } from "./zone.ts";

const NONE: readonly Connection[] = [];

/** The connections of one namespace whose source is bound, by what they come from (nf_nat_bysource). */
export class NatSources {
  readonly #state: State;
  readonly #cells: TupleCells<Connection | readonly Connection[]>;

  /** Wakes those at rest that come from where a tuple does. */
  readonly #wake: (zone: Zone, tuple: FlowTuple) => void;

  constructor(netns: string, state: State, wake: (zone: Zone, tuple: FlowTuple) => void) {
    this.#wake = wake;
    this.#state = state;
    this.#cells = new TupleCells(`ct|src|${netns}`, SOURCE);
  }

  /** hash_by_src and same_src: a zone of one direction only is not part of the hash. */
  #cell(zone: Zone, tuple: FlowTuple): TupleCell<Connection | readonly Connection[]> {
    return this.#cells.at(zoneIn(zone, "original"), tuple, zone.direction && "divided");
  }

  /** Those that come from where a tuple does. */
  of(zone: Zone, tuple: FlowTuple): readonly Connection[] {
    this.#wake(zone, tuple);
    return listOf(this.#state.read(this.#cell(zone, tuple)));
  }

  add(connection: Connection): void {
    this.#wake(connection.zone, connection.original);
    const cell = this.#cell(connection.zone, connection.original);
    const others = this.#state.read(cell);
    this.#state.write(cell, others ? [...listOf(others), connection] : connection);
  }

  /** Puts one that was at rest where it was before. */
  back(connection: Connection): void {
    if (!connection.srcNatDone) return;
    const cell = this.#cell(connection.zone, connection.original);
    cell.value = cell.value ? [...listOf(cell.value), connection] : connection;
  }

  /** Lets go of connections that are over, or at rest; to be called between two packets. */
  sweep(now: bigint): void {
    const stays = ({ dying, expires, resting }: Connection) => !resting && !dying && expires > now;
    this.#cells.sweep((connections) => {
      if (listOf(connections).every(stays)) return connections;
      const [first, ...others] = listOf(connections).filter(stays);
      return first && others.length > 0 ? [first, ...others] : first;
    });
  }
}

/** Mostly there is but one, and a list for each would cost more than it. */
function listOf(connections: Connection | readonly Connection[] | undefined): readonly Connection[] {
  if (connections === undefined) return NONE;
  return "stateKey" in connections ? [connections] : connections;
}
