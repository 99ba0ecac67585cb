import { isIcmp } from "../model/packet.ts";
import type { FlowTuple } from "./connection.ts";
import { Doubted } from "./doubted.ts";
import { Undecided } from "./undecided.ts";

/** Packets whose own tracking is not known: what looks like their answers is not known either. */
export class Doubts {
  readonly #sides: Doubted;

  constructor(sides = new Doubted()) {
    this.#sides = sides;
  }

  /** A packet whose own fate is not known. */
  add(tuple: FlowTuple, reason: string): void {
    for (const side of sidesOf(tuple)) if (this.#sides.of(side) === undefined) this.#sides.set(side, reason);
  }

  /** Throws when nothing is known of a connection that a packet may belong to: it has an address or a port of one in doubt, on the other side. */
  check(tuple: FlowTuple): void {
    if (this.#sides.isEmpty) return;
    const answered = sidesOf({ ...tuple, src: tuple.dst, dst: tuple.src, sport: tuple.dport, dport: tuple.sport });
    const reason = answered.map((side) => this.#sides.of(side)).find((one) => one !== undefined);
    if (reason !== undefined) throw new Undecided(reason);
  }
}

/** What a packet has in common with another one that may belong to it, each side by itself. */
function sidesOf(tuple: FlowTuple): readonly string[] {
  const { src, dst, protocol, sport, dport } = tuple;
  const addresses = [`${protocol}|from ${src}`, `${protocol}|to ${dst}`];
  return isIcmp(protocol) ? addresses : [...addresses, `${protocol}|from port ${sport}`, `${protocol}|to port ${dport}`];
}
