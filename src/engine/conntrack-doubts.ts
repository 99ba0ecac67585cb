import { isIcmp } from "../model/packet.ts";
import type { FlowTuple } from "./connection.ts";
import { Undecided } from "./undecided.ts";

/** So many addresses and ports are kept; with more, nothing is known any more. */
const MOST = 65_536;

/** Packets whose own tracking is not known: what looks like their answers is not known either. */
export class Doubts {
  readonly #reasons = new Map<string, string>();
  readonly #most: number;
  #ofAll: string | undefined;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** A packet whose own fate is not known. */
  add(tuple: FlowTuple, reason: string): void {
    if (this.#ofAll !== undefined) return;
    for (const key of sidesOf(tuple)) if (!this.#reasons.has(key)) this.#reasons.set(key, reason);
    if (this.#reasons.size > this.#most) this.#ofAll = `${reason}, like many before it`;
  }

  /** Throws when nothing is known of a connection that a packet may belong to: it has an address or a port of one in doubt, on the other side. */
  check(tuple: FlowTuple): void {
    if (this.#ofAll !== undefined) throw new Undecided(this.#ofAll);
    if (this.#reasons.size === 0) return;
    const answered = sidesOf({ ...tuple, src: tuple.dst, dst: tuple.src, sport: tuple.dport, dport: tuple.sport });
    const reason = answered.map((key) => this.#reasons.get(key)).find((one) => one !== undefined);
    if (reason !== undefined) throw new Undecided(reason);
  }
}

/** What a packet has in common with another one that may belong to it, each side by itself. */
function sidesOf(tuple: FlowTuple): readonly string[] {
  const { src, dst, protocol, sport, dport } = tuple;
  const addresses = [`${protocol}|from ${src}`, `${protocol}|to ${dst}`];
  return isIcmp(protocol) ? addresses : [...addresses, `${protocol}|from port ${sport}`, `${protocol}|to port ${dport}`];
}
