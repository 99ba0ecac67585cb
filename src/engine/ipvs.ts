import type { Address } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import type { VirtualService } from "../model/host.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { indexOf } from "./tcp-segment.ts";
import { Undecided } from "./undecided.ts";

const NUMBERS = { tcp: PROTOCOL.tcp, udp: PROTOCOL.udp, sctp: PROTOCOL.sctp } as const;
/** A service of this port is one of all ports. */
const ANY = 0;
/** What a service of a mark takes. */
const SCHEDULED: readonly number[] = Object.values(NUMBERS);

/**
 * The virtual services of a namespace. What IPVS makes of their packets is not modelled, only where it would: what a service is for, and what
 * comes back from a server whose addresses it translates.
 */
export class Ipvs {
  readonly #services = new Map<string, VirtualService>();
  readonly #marks = new Map<number, VirtualService>();
  readonly #servers = new Map<string, VirtualService>();

  constructor(services: readonly VirtualService[]) {
    for (const service of services) {
      const { protocol, address, port = ANY, mark } = service;
      if (mark !== undefined) this.#marks.set(mark, service);
      const protocols = protocol === "fwmark" ? SCHEDULED : [NUMBERS[protocol]];
      if (address !== undefined) for (const number of protocols) this.#services.set(keyOf(number, address, port), service);
      for (const server of service.servers.filter(({ method }) => method === "masquerade")) {
        for (const number of protocols) this.#servers.set(keyOf(number, server.address, server.port), service);
      }
    }
  }

  /**
   * Throws where IPVS would take a packet at a hook: one for a service as it is delivered or sent (ip_vs_in_hook), or one from a server
   * (ip_vs_out_hook), unless that is of a connection that is known to be none of a service.
   */
  check(run: Run, hook: Hook, skb: Skb): void {
    const { packet, mark, type } = skb;
    if (hook !== "OUTPUT" && type !== "host") return;
    const service = hook === "FORWARD" ? undefined : this.#asked(packet, mark);
    const answering = service || this.#isElsewhere(skb) ? undefined : this.#answering(packet);
    if (!service && !answering) return;
    if (run.world.assume("ipvs") === "no") return;
    const why = service ? `${wordsOf(service)} is a virtual service` : `it comes from a server of ${answering && wordsOf(answering)}`;
    throw new Undecided(`where IPVS sends it: ${why} (--assume ipvs=no)`);
  }

  #asked({ dst, protocol, transport }: Packet, mark: number): VirtualService | undefined {
    if (!transport || !("dport" in transport)) return undefined;
    const marked = SCHEDULED.includes(protocol) ? this.#marks.get(mark) : undefined;
    return marked ?? found(this.#services, protocol, dst, transport.dport);
  }

  #answering({ src, protocol, transport }: Packet): VirtualService | undefined {
    return transport && "sport" in transport ? found(this.#servers, protocol, src, transport.sport) : undefined;
  }

  /** Whether a packet opens a connection, or belongs to one that was not opened to a service. */
  #isElsewhere({ packet: { transport }, connection }: Skb): boolean {
    if (transport?.kind === "tcp" && indexOf(transport) === "SYN") return true;
    if (!connection?.confirmed) return false;
    const { protocol, dst, dport } = connection.original;
    return this.#marks.size === 0 && !found(this.#services, protocol, dst, dport);
  }
}

function found(
  services: ReadonlyMap<string, VirtualService>,
  protocol: number,
  address: Address,
  port: number,
): VirtualService | undefined {
  return services.get(keyOf(protocol, address, port)) ?? services.get(keyOf(protocol, address, ANY));
}

function keyOf(protocol: number, address: Address, port: number): string {
  return `${protocol} ${address} ${port}`;
}

function wordsOf({ protocol, address, port, mark }: VirtualService): string {
  return address === undefined ? `mark ${mark}` : `${protocol} ${formatEndpoint(address, port === ANY ? undefined : port)}`;
}
