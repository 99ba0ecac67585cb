import type { AddressType } from "../extensions/address-types.ts";
import { type Address, type Family, familyOf, formatAddress, inPrefix, isMulticast } from "../model/address.ts";
import type { Assumption, Device, IpSet, Namespace, Neighbour, Nexthop, PolicyRule, Route } from "../model/host.ts";
import type { NeighbourStep, RouteStep } from "../model/trace.ts";
import type { Ask } from "./choices.ts";
import { Conntrack } from "./conntrack.ts";
import { Ipvs } from "./ipvs.ts";
import { Nat } from "./nat.ts";
import { Routing } from "./routing.ts";
import { Routing6 } from "./routing6.ts";
import { RuleHints } from "./rule-hints.ts";
import { usesAny } from "./rule-needs.ts";
import { Stack } from "./stack.ts";
import type { Placed } from "./standing.ts";
import type { State } from "./state.ts";

/** Name of a device that is not known. */
export const UNKNOWN_DEVICE = "?";

/** The state cell of a neighbour's cached link-layer header, which its first use makes (neigh_hh_init). */
export function headerCache(netns: string, device: string, address: Address): string {
  return `hh|${netns}|${device}|${address}`;
}

/** The step of a lookup that found a route. */
interface FoundStep {
  readonly route: Route;
  readonly rule: PolicyRule;
  readonly stage: RouteStep["stage"];
  readonly step: RouteStep;
}

/** Everything that the replay keeps of one namespace: its part of the model, compiled, and its own tracking. */
export class Netns {
  readonly name: string;
  readonly namespace: Namespace;
  readonly devices = new Map<string, Device>();
  readonly byIndex = new Map<number, Device>();
  readonly ports = new Map<string, Device[]>();
  /** The VLANs' devices and macvlans that stand on a device, in whichever namespace they are. */
  readonly standing = new Map<Device, readonly Placed[]>();
  readonly ip4: Stack;
  readonly ip6: Stack;
  readonly routing: Routing;
  readonly routing6: Routing6;
  /** The connections of both families, where any of them is tracked. */
  readonly conntrack: Conntrack | undefined;
  readonly nat: Nat | undefined;
  readonly sets: ReadonlyMap<string, IpSet> | undefined;
  readonly ipvs: Ipvs | undefined;
  readonly devicesKnown: boolean;
  readonly #hints = new Map<Family, RuleHints>();
  #neighbours: Map<string, Map<Address, Neighbour>> | undefined;
  readonly #settings = new Map<string, Map<string, number>>();
  readonly #forwards = new Map<string, { readonly value: boolean | undefined }>();
  /** Steps of which nothing can be said but what was found, by that. */
  readonly neighbourSteps = new Map<Neighbour, NeighbourStep>();
  readonly routeSteps = new WeakMap<Nexthop, FoundStep>();
  readonly #local = new Map<Address, Device>();
  readonly #broadcast = new Set<Address>();

  /** `told` has the ports that NAT drew and that are known nevertheless. */
  constructor(namespace: Namespace, state: State, newId: () => number, told: ReadonlyMap<string, number>, ask: Ask) {
    this.name = namespace.name;
    this.namespace = namespace;
    this.devicesKnown = namespace.devices !== undefined;
    for (const device of namespace.devices ?? []) {
      this.devices.set(device.name, device);
      this.byIndex.set(device.index, device);
      if (device.master) this.ports.set(device.master, [device, ...(this.ports.get(device.master) ?? [])]);
      for (const { address, broadcast } of device.addresses) {
        if (!this.#local.has(address)) this.#local.set(address, device);
        if (broadcast !== undefined) this.#broadcast.add(broadcast);
      }
    }
    for (const ports of this.ports.values()) ports.sort((a, b) => b.index - a.index);
    this.ip4 = new Stack(4, namespace);
    this.ip6 = new Stack(6, namespace);
    const linkdown = "ignore_routes_with_linkdown";
    this.routing = new Routing(namespace, this.devices, (device) => this.deviceSysctl(device, linkdown, 0, "or") !== 0);
    this.routing6 = new Routing6(namespace, this.devices, (device) => this.deviceSysctl6(device, linkdown, 0) !== 0);
    const tracks = this.ip4.tracks || this.ip6.tracks;
    const counts = [namespace.ruleset4, namespace.ruleset6].some((rules) => usesAny(rules, new Set(["connbytes"])));
    const sysctl = (name: string, fallback: number) => this.sysctl(name, fallback);
    this.conntrack = tracks ? new Conntrack(this.name, state, sysctl, newId, ask, counts) : undefined;
    this.nat = this.conntrack ? new Nat(this.name, this.conntrack, state, told) : undefined;
    this.ipvs = namespace.virtualServices?.length ? new Ipvs(namespace.virtualServices) : undefined;
    this.sets = namespace.sets && new Map(namespace.sets.map((set) => [set.name, set]));
  }

  /** What it has for one version of IP. */
  stack(family: Family): Stack {
    return family === 4 ? this.ip4 : this.ip6;
  }

  /** The connections that a family's packets are looked up among; undefined where these are not tracked. */
  tracker(family: Family): Conntrack | undefined {
    return this.stack(family).tracks ? this.conntrack : undefined;
  }

  /** What `ip neigh` lists for an address on a device. */
  neighbour(device: string, address: Address): Neighbour | undefined {
    if (!this.#neighbours) {
      this.#neighbours = new Map();
      for (const one of this.namespace.neighbours ?? []) {
        const known = this.#neighbours.get(one.device) ?? new Map<Address, Neighbour>();
        this.#neighbours.set(one.device, known);
        if (!known.has(one.address)) known.set(one.address, one);
      }
    }
    return this.#neighbours.get(device)?.get(address);
  }

  sysctl(name: string, fallback: number): number {
    const value = this.#settings.get("")?.get(name) ?? this.#keep("", name, this.#sysctl(name));
    return Number.isNaN(value) ? fallback : value;
  }

  #sysctl(name: string): number {
    const text = this.namespace.sysctls?.get(name);
    return text === undefined ? Number.NaN : Number(text);
  }

  /** Keeps a setting of a device, or "" for the namespace's own, so that it is read once. */
  #keep(device: string, name: string, value: number): number {
    let known = this.#settings.get(device);
    if (!known) {
      known = new Map();
      this.#settings.set(device, known);
    }
    known.set(name, value);
    return value;
  }

  #deviceSetting(device: string, name: string, fallback: number): number {
    const value = this.#settings.get(device)?.get(name) ?? this.#keep(device, name, this.#readDevice(device, name));
    return Number.isNaN(value) ? fallback : value;
  }

  #readDevice(device: string, name: string): number {
    return this.sysctl(`net.ipv4.conf.${device.replaceAll(".", "/")}.${name}`, this.#sysctl(`net.ipv4.conf.${device}.${name}`));
  }

  /** A per-device setting joined with that of "all" as the kernel does it for this name (include/linux/inetdevice.h). */
  deviceSysctl(device: string, name: string, fallback: number, join: "and" | "or" | "max" | "own"): number {
    const own = this.#deviceSetting(device, name, fallback);
    if (join === "own") return own;
    const all = this.#deviceSetting("all", name, join === "and" ? fallback : 0);
    if (join === "and") return own !== 0 && all !== 0 ? 1 : 0;
    return join === "or" ? (own !== 0 || all !== 0 ? 1 : 0) : Math.max(own, all);
  }

  /** A setting of a device for IPv6 (net.ipv6.conf), where that of "all" only stands for those of all devices. */
  deviceSysctl6(device: string, name: string, fallback: number): number {
    const own = this.sysctl(`net.ipv6.conf.${device}.${name}`, this.sysctl(`net.ipv6.conf.default.${name}`, fallback));
    return this.sysctl(`net.ipv6.conf.${device.replaceAll(".", "/")}.${name}`, own);
  }

  /** Whether packets that come in on a device may be forwarded; undefined when nothing tells. */
  forwards(device: string): boolean | undefined {
    const known = this.#forwards.get(device);
    if (known) return known.value;
    const value = this.#readForwards(device);
    this.#forwards.set(device, { value });
    return value;
  }

  #readForwards(device: string): boolean | undefined {
    const own = this.namespace.sysctls?.get(`net.ipv4.conf.${device}.forwarding`);
    const global = this.namespace.sysctls?.get("net.ipv4.ip_forward") ?? this.namespace.sysctls?.get("net.ipv4.conf.all.forwarding");
    const value = own ?? global;
    return value === undefined ? undefined : value.trim() !== "0";
  }

  /** Whether IPv6 packets that come in on a device may be forwarded (ip6_forward); undefined when nothing tells. */
  forwards6(device: string): boolean | undefined {
    const all = this.namespace.sysctls?.get("net.ipv6.conf.all.forwarding");
    return all === undefined ? undefined : all.trim() !== "0" || this.deviceSysctl6(device, "force_forwarding", 0) !== 0;
  }

  /** The device that has an address (`ip addr`). */
  deviceOf(address: Address): Device | undefined {
    return this.#local.get(address);
  }

  /** The device that an address is on, by table local where no device has it (net/ipv4/devinet.c, __ip_dev_find). */
  holderOf(address: Address): string | undefined {
    return this.#local.get(address)?.name ?? this.routing.localDevice(address);
  }

  get addressesKnown(): boolean {
    return this.namespace.addressesKnown || this.ip4.routed || this.ip6.routed;
  }

  /** inet_addr_type: what kind of address this is to the host. */
  addressType(address: Address, device?: string): AddressType | { readonly unknown: string } {
    if (address === 0 || address === 0xffffffff) return "BROADCAST";
    if (isMulticast(address)) return "MULTICAST";
    if (typeof address === "bigint" && this.ip6.routed) return this.#addressType6(address, device);
    if (typeof address === "number" && this.ip4.routed) {
      const type = this.routing.localType(address, device);
      if (type) return type.toUpperCase() as AddressType;
      return "UNICAST";
    }
    const own = this.#local.get(address);
    if (own && (device === undefined || own.name === device)) return "LOCAL";
    if (this.#broadcast.has(address)) return "BROADCAST";
    if (this.namespace.addressesKnown) return "UNICAST";
    return { unknown: `whether ${formatAddress(address)} is an address of ${this.name} (--links or --routes)` };
  }

  /** xt_addrtype.c, match_lookup_rt6: by a route to the address, over the device where one is named. */
  #addressType6(address: Address, device: string | undefined): AddressType {
    const key = { src: 0n, dst: address, iif: "lo", mark: 0, tos: 0, protocol: 0, strict: device !== undefined };
    const found = this.routing6.lookup({ ...key, ...(device !== undefined && { oif: device }) }, (_route, hops) => hops[0] as Nexthop);
    if ("error" in found) return "UNREACHABLE";
    const { type, destination, nexthops } = found.route;
    if (type === "local") return device === undefined || this.hasAddress(address, device) ? "LOCAL" : "UNICAST";
    const subnet = destination.length < 127 && destination.address === address && nexthops.every(({ via }) => via === undefined);
    return type === "anycast" || subnet ? "ANYCAST" : "UNICAST";
  }

  /** Whether an address is one of a device. */
  hasAddress(address: Address, device: string): boolean {
    return this.devices.get(device)?.addresses.some((own) => own.address === address) === true;
  }

  /** The device with an address in the same network, where there are addresses but no routes. */
  connectedDevice(address: Address): string | undefined {
    for (const device of this.devices.values()) {
      for (const own of device.addresses) {
        if (familyOf(own.address) === familyOf(address) && inPrefix(address, own)) return device.name;
      }
    }
    return undefined;
  }

  /** What the rules alone tell of the host, where addresses and routes were not given. */
  hints(family: Family): RuleHints | undefined {
    const { rules } = this.stack(family);
    if (this.addressesKnown || this.devicesKnown || !rules) return undefined;
    const hints = this.#hints.get(family) ?? new RuleHints(rules);
    this.#hints.set(family, hints);
    return hints;
  }

  /** The MTU that a packet on a route must fit (ip_dst_mtu_maybe_forward); undefined when the device is not known. */
  mtuOf(device: string, route: Route | undefined): number | undefined {
    return route?.mtu ?? this.devices.get(device)?.mtu;
  }

  /** The same for IPv6 (ip6_dst_mtu_maybe_forward), where a packet that is only forwarded asks the device and not the route. */
  mtu6Of(device: string, route?: Route): number | undefined {
    const own = this.devices.get(device)?.mtu;
    return route?.mtu ?? (own === undefined ? undefined : this.sysctl(`net.ipv6.conf.${device}.mtu`, own));
  }

  /** The namespace's own name for the far end of a veth pair, and the device there. */
  peerOf(device: Device, all: ReadonlyMap<string, Netns>): { netns: Netns; device: Device } | undefined {
    if (device.kind !== "veth") return undefined;
    const name = device.linkNetns ?? (device.linkNetnsId === undefined ? this.name : this.namespace.netnsIds?.get(device.linkNetnsId));
    const candidates =
      name === undefined ? [...all.values()].filter((netns) => netns !== this) : [all.get(name)].filter((n) => n !== undefined);
    const found: { netns: Netns; device: Device }[] = [];
    for (const netns of candidates) {
      const peer = device.linkIndex !== undefined ? netns.byIndex.get(device.linkIndex) : netns.devices.get(device.linkName ?? "");
      if (
        peer?.kind === "veth" &&
        (peer.linkIndex === undefined || peer.linkIndex === device.index) &&
        (name !== undefined || peer.linkNetnsId !== undefined)
      )
        found.push({ netns, device: peer });
    }
    return found.length === 1 ? found[0] : undefined;
  }
}

const NONE: readonly Assumption[] = [];

/** Collects what had to be taken for granted, each thing once. */
export class Assumptions {
  readonly #all = new Map<string, Assumption>();

  add(assumption: Assumption): void {
    const { id, text } = assumption;
    const known = this.#all.get(text);
    this.#all.set(known && known.id !== id ? id + text : text, assumption);
  }

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  take(): readonly Assumption[] {
    if (this.#all.size === 0) return NONE;
    const all = [...this.#all.values()];
    this.#all.clear();
    return all;
  }
}
