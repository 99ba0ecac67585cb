import type { Address } from "../../model/address.ts";
import { Sequences } from "./sequences.ts";

/** Pairs of addresses whose fragments are remembered. */
const MOST = 10_000;

/** What earlier packets of a text told of later ones. */
export class Past {
  readonly sequences = new Sequences();
  /** Protocol of the last first fragment between two addresses. */
  readonly #fragments = new Map<string, number>();

  /** A first fragment tells the protocol of those that follow. */
  begin(src: Address, dst: Address, protocol: number): void {
    if (this.#fragments.size >= MOST) this.#fragments.clear();
    this.#fragments.set(`${src} ${dst}`, protocol);
  }

  /** The protocol that later fragments between two addresses most likely have. */
  protocolOf(src: Address, dst: Address): number | undefined {
    return this.#fragments.get(`${src} ${dst}`);
  }
}
