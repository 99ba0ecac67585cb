import type { Address } from "../model/address.ts";
import type { Device, Host } from "../model/host.ts";
import { Choices } from "./choices.ts";
import type { Watch } from "./deal.ts";
import { giveUp } from "./fragment-memory.ts";
import { Assumptions, Netns } from "./netns.ts";
import { usesAny } from "./rule-needs.ts";
import { noteStanding } from "./standing.ts";
import { State } from "./state.ts";

/** All namespaces with their state; what one replay works on. */
export class World {
  readonly netns = new Map<string, Netns>();
  readonly state: State;
  readonly choices = new Choices();
  readonly assumptions = new Assumptions();
  /** Ports that NAT drew for the packet at hand, where something tells them (see `drawKey`). */
  readonly told = new Map<string, number>();
  readonly detailed: boolean;
  /** Rules that cannot match by their header values are passed over. */
  readonly indexed: boolean;
  /** How many packets were looked at before the one at hand. */
  position = 0;
  #ids = 0;
  #restored = false;
  #first = 0n;
  /** Whether any host has learned the MTU of a way, on whatever way of a packet. */
  pathsLearned = false;
  /** Whether rules ask what time it is. */
  readonly looksAtClock: boolean;
  /** The namespaces that track connections. */
  readonly #tracking: readonly Netns[];
  readonly #takenAt: bigint | undefined;
  readonly #over = (_key: string, value: unknown) => giveUp(this.state, value);
  readonly #assumed: ReadonlyMap<string, string>;

  constructor(host: Host, detailed: boolean, assumed: ReadonlyMap<string, string> = new Map(), indexed = true, watch?: Watch) {
    this.detailed = detailed;
    this.indexed = indexed;
    this.#assumed = assumed;
    this.#takenAt = host.takenAt;
    this.state = new State(changesSets(host), watch);
    this.looksAtClock = asksForTime(host);
    for (const namespace of host.namespaces.values()) {
      this.netns.set(
        namespace.name,
        new Netns(
          namespace,
          this.state,
          () => ++this.#ids,
          this.told,
          (key, text) => this.choices.ask(key, text),
        ),
      );
    }
    noteStanding(this.netns);
    this.#tracking = [...this.netns.values()].filter(({ conntrack }) => conntrack !== undefined);
  }

  /** What is assumed of the host under a key; whoever asks takes it for granted. */
  assume(key: string): string | undefined {
    const value = this.#assumed.get(key);
    if (value !== undefined) this.assumptions.add({ id: `assume-${key}`, text: `${key} is ${value}, as --assume says` });
    return value;
  }

  /** Ids start again for each way of a packet, so that the ways can be compared. */
  get ids(): number {
    return this.#ids;
  }

  set ids(value: number) {
    this.#ids = value;
  }

  /** Who answers for an address behind a device: a MAC address, "nobody", or undefined when that lies outside of what is known. */
  ownerOf(netns: Netns, device: Device, address: Address, seen = new Set<Device>()): number | "nobody" | undefined {
    if (seen.has(device)) return "nobody";
    seen.add(device);
    if (device.kind === "bridge") {
      let open = false;
      for (const port of netns.ports.get(device.name) ?? []) {
        const found = this.ownerOf(netns, port, address, seen);
        if (typeof found === "number") return found;
        if (found === undefined) open = true;
      }
      return open ? undefined : "nobody";
    }
    const peer = netns.peerOf(device, this.netns);
    if (!peer) return undefined;
    const master = peer.device.master === undefined ? undefined : peer.netns.devices.get(peer.device.master);
    const holder = master?.kind === "bridge" ? master : peer.device;
    // Neighbour discovery asks for an address of the very device (ndisc_recv_ns), ARP for one of the host.
    if (typeof address === "bigint" ? peer.netns.hasAddress(address, holder.name) : peer.netns.deviceOf(address)) return holder.mac;
    seen.add(peer.device);
    return master?.kind === "bridge" ? this.ownerOf(peer.netns, master, address, seen) : "nobody";
  }

  /** Whether the capture's clock is within so many nanoseconds of its first packet. */
  startedWithin(now: bigint, span: bigint): boolean {
    return now - this.#first < span;
  }

  /** When the capture began; the snapshot is taken for as old. */
  get began(): bigint {
    return this.#first;
  }

  /** Lets go of connections that have run out, and of what else has; to be called between two packets. */
  sweep(now: bigint): void {
    this.state.sweep(now, this.#over);
    const tracking = this.#tracking;
    for (let i = 0; i < tracking.length; i++) {
      const { conntrack, nat } = tracking[i] as Netns;
      if (conntrack?.sweep(now)) nat?.sources.sweep(now);
    }
  }

  /** Brings in the connections that are older than the capture, on the capture's clock. */
  restore(now: bigint): void {
    if (this.#restored) return;
    this.#restored = true;
    this.#first = now;
    for (const netns of this.netns.values()) netns.conntrack?.restore(netns.namespace, now, this.#takenAt);
    this.state.commit();
  }
}

function changesSets(host: Host): boolean {
  return anyRuleUses(host, new Set(["SET"]));
}

function asksForTime(host: Host): boolean {
  return anyRuleUses(host, new Set(["time"]));
}

function anyRuleUses(host: Host, names: ReadonlySet<string>): boolean {
  return [...host.namespaces.values()].some(({ ruleset4, ruleset6 }) => usesAny(ruleset4, names) || usesAny(ruleset6, names));
}
