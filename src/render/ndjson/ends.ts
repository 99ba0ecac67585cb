import type { Address } from "../../model/address.ts";
import type { Packet } from "../../model/packet.ts";

/** Protocol, addresses and ports of a packet, which other packets of its connection have as well. */
export class Ends {
  readonly #protocol: number;
  readonly #src: Address;
  readonly #dst: Address;
  readonly #sport: number | undefined;
  readonly #dport: number | undefined;

  constructor({ protocol, src, dst, transport }: Packet) {
    this.#protocol = protocol;
    this.#src = src;
    this.#dst = dst;
    const carries = transport && transport.kind !== "icmp" && transport.kind !== "spi";
    this.#sport = carries ? transport.sport : undefined;
    this.#dport = carries ? transport.dport : undefined;
  }

  /** Whether a packet has the same; never of ICMP, whose types are not looked at. */
  are({ protocol, src, dst, transport }: Packet): boolean {
    if (protocol !== this.#protocol || src !== this.#src || dst !== this.#dst || transport?.kind === "icmp") return false;
    if (!transport || transport.kind === "spi") return this.#sport === undefined;
    return transport.sport === this.#sport && transport.dport === this.#dport;
  }
}
