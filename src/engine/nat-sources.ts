import type { Connection, FlowTuple } from "./connection.ts";
import type { State } from "./state.ts";
import { SOURCE, type TupleCell, TupleCells } from "./tuple-cells.ts";
import { type Zone, zoneIn } from "./zone.ts";

const NONE: readonly Connection[] = [];

/** The connections of one namespace whose source is bound, by what they come from (nf_nat_bysource). */
export class NatSources {
  readonly #state: State;
  readonly #cells: TupleCells<Connection | readonly Connection[]>;

  constructor(netns: string, state: State) {
    this.#state = state;
    this.#cells = new TupleCells(`ct|src|${netns}`, SOURCE);
  }

  /** hash_by_src and same_src: a zone of one direction only is not part of the hash. */
  #cell(zone: Zone, tuple: FlowTuple): TupleCell<Connection | readonly Connection[]> {
    return this.#cells.at(zoneIn(zone, "original"), tuple, zone.direction && "divided");
  }

  /** Those that come from where a tuple does. */
  of(zone: Zone, tuple: FlowTuple): readonly Connection[] {
    return listOf(this.#state.read(this.#cell(zone, tuple)));
  }

  add(connection: Connection): void {
    const cell = this.#cell(connection.zone, connection.original);
    const others = this.#state.read(cell);
    this.#state.write(cell, others ? [...listOf(others), connection] : connection);
  }

  /** Lets go of connections that are over; to be called between two packets. */
  sweep(now: bigint): void {
    const stays = ({ dying, expires }: Connection) => !dying && expires > now;
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
