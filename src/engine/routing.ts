import { type Address, inPrefix, isMulticast } from "../model/address.ts";
import type { Device, Namespace, Nexthop, PolicyRule, Route } from "../model/host.ts";
import { type Found, PolicyRules, tableKey } from "./policy-rules.ts";
import { Undecided } from "./undecided.ts";

/** What a lookup is made with (include/net/flow.h, struct flowi4). */
export interface FlowKey {
  readonly src: Address;
  readonly dst: Address;
  /** Input device; "lo" for locally generated packets. */
  readonly iif: string;
  readonly oif?: string;
  readonly mark: number;
  readonly tos: number;
  readonly protocol: number;
  readonly sport?: number;
  readonly dport?: number;
  /** FIB_LOOKUP_IGNORE_LINKSTATE */
  readonly ignoreLinkState?: boolean;
}

export type LookupError = "ENETUNREACH" | "EHOSTUNREACH" | "EACCES" | "EINVAL";

export type Lookup =
  | { readonly route: Route; readonly nexthop: Nexthop; readonly rule: PolicyRule }
  | { readonly error: LookupError; readonly route?: Route; readonly rule?: PolicyRule };

/** Chooses among equal nexthops; the kernel's hash is not modelled, so the caller follows all of them. */
export type NexthopChooser = (route: Route, candidates: readonly Nexthop[]) => Nexthop;

const FIRST: NexthopChooser = (_route, candidates) => candidates[0] as Nexthop;

/** What the kernel returns for routes of some types (fib_props, ip6_rt_type_to_error). */
export const ROUTE_ERRORS: Readonly<Partial<Record<Route["type"], LookupError>>> = {
  unreachable: "EHOSTUNREACH",
  prohibit: "EACCES",
  blackhole: "EINVAL",
};

/** The IPv4 routing of one namespace: policy rules over tables (net/ipv4/fib_rules.c, fib_trie.c, fib_semantics.c). */
export class Routing {
  readonly #rules: PolicyRules;
  readonly #tables = new Map<string, Map<number, Map<Address, Route[]>>>();
  readonly #lengths = new Map<string, number[]>();
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #ignoreLinkdown: (device: string) => boolean;

  constructor(namespace: Namespace, devices: ReadonlyMap<string, Device>, ignoreLinkdown: (device: string) => boolean) {
    this.#devices = devices;
    this.#ignoreLinkdown = ignoreLinkdown;
    this.#rules = new PolicyRules(4, namespace.policyRules, devices);
    for (const route of namespace.routes ?? []) this.#add(route);
    for (const table of this.#tables.values()) {
      for (const byAddress of table.values()) {
        for (const routes of byAddress.values()) routes.sort((a, b) => b.tos - a.tos || a.metric - b.metric);
      }
    }
    for (const [name, table] of this.#tables)
      this.#lengths.set(
        name,
        [...table.keys()].sort((a, b) => b - a),
      );
  }

  #add(route: Route): void {
    const name = tableKey(route.table);
    const table = this.#tables.get(name) ?? new Map<number, Map<Address, Route[]>>();
    this.#tables.set(name, table);
    const byAddress = table.get(route.destination.length) ?? new Map<Address, Route[]>();
    table.set(route.destination.length, byAddress);
    byAddress.set(route.destination.address, [...(byAddress.get(route.destination.address) ?? []), route]);
  }

  #hasCustomLocal: boolean | undefined;

  /** Whether `ip rule` has more than its three default rules (fib4_has_custom_rules). */
  get hasCustomRules(): boolean {
    return this.#rules.isCustom;
  }

  /** Whether table local holds more than what addresses put there (fib_has_custom_local_routes). */
  get hasCustomLocalRoutes(): boolean {
    this.#hasCustomLocal ??= this.#findCustomLocal();
    return this.#hasCustomLocal;
  }

  #findCustomLocal(): boolean {
    for (const byAddress of this.#tables.get("local")?.values() ?? []) {
      for (const routes of byAddress.values()) {
        // `ip` does not print the protocol of what it added itself (boot).
        if (routes.some((route) => route.type === "local" && route.protocol !== "kernel")) return true;
      }
    }
    return false;
  }

  /** fib_lookup: the first rule that leads to a decision. */
  lookup(key: FlowKey, choose: NexthopChooser): Lookup {
    return this.#rules.lookup(key, (table) => this.#lookupTable(table, key, choose));
  }

  /** The route type of an address in table local alone, as inet_addr_type sees it, optionally of one device. */
  localType(address: Address, device?: string): Route["type"] | undefined {
    const key: FlowKey = { src: 0, dst: address, iif: "lo", mark: 0, tos: 0, protocol: 0, ignoreLinkState: true };
    const found = this.#lookupTable("local", key, FIRST);
    if (!found) return undefined;
    if (found.route && device !== undefined && !found.route.nexthops.some((hop) => hop.device === device)) return undefined;
    return found.route?.type;
  }

  /** The device of an address that table local says is the host's own. */
  localDevice(address: Address): string | undefined {
    const key: FlowKey = { src: 0, dst: address, iif: "lo", mark: 0, tos: 0, protocol: 0, ignoreLinkState: true };
    const found = this.#lookupTable("local", key, FIRST);
    return found && "nexthop" in found && found.route.type === "local" ? found.nexthop.device : undefined;
  }

  #lookupTable(name: string, key: FlowKey, choose: NexthopChooser): Found {
    const table = this.#tables.get(name);
    if (!table) return undefined;
    for (const length of this.#lengths.get(name) ?? []) {
      const routes = table.get(length)?.get(maskTo(key.dst, length));
      if (!routes) continue;
      for (const route of routes) {
        if (route.tos !== 0 && route.tos !== (key.tos & 0x1c)) continue;
        if (route.type === "throw") return undefined;
        const error = ROUTE_ERRORS[route.type];
        if (error) return { error, route };
        if (route.unmodelled?.length) throw new Undecided(`the route "${route.text}", which has parts that are not modelled`);
        const [only] = route.nexthops;
        if (route.nexthops.length < 2) {
          if (!only || !this.#usable(only, key, route.type)) continue;
          return { route, nexthop: only };
        }
        const nexthop = this.#chosen(route, key, choose);
        if (nexthop) return { route, nexthop };
      }
    }
    return undefined;
  }

  #chosen(route: Route, key: FlowKey, choose: NexthopChooser): Nexthop | undefined {
    const usable = route.nexthops.filter((hop) => this.#usable(hop, key, route.type));
    return usable.length > 1 ? choose(route, usable) : usable[0];
  }

  #usable(hop: Nexthop, key: FlowKey, type: Route["type"]): boolean {
    if (key.oif !== undefined && hop.device !== key.oif) return false;
    // The addresses of a device stay when it goes down (fib_sync_down_dev spares their scope).
    if (type === "local") return true;
    if (hop.flags.includes("dead")) return false;
    const device = hop.device === undefined ? undefined : this.#devices.get(hop.device);
    if (device && !device.up) return false;
    const down = hop.flags.includes("linkdown") || (device !== undefined && !device.carrier && device.kind !== "loopback");
    return !(down && !key.ignoreLinkState && hop.device !== undefined && this.#ignoreLinkdown(hop.device));
  }
}

/** The network that an address lies in, for a prefix length. */
export function maskTo(address: Address, length: number): Address {
  if (typeof address === "number") return length === 0 ? 0 : (address & (0xffffffff << (32 - length))) >>> 0;
  return (address >> BigInt(128 - length)) << BigInt(128 - length);
}

/** The address that a host would use as source towards another one on a device (net/ipv4/devinet.c, inet_select_addr). */
export function selectAddress(
  devices: ReadonlyMap<string, Device>,
  name: string,
  towards: Address,
  scope: "global" | "link",
): Address | undefined {
  const allowed = scope === "global" ? ["global"] : ["global", "link", "site"];
  const pick = (device: Device | undefined) => {
    const usable = (device?.addresses ?? []).filter((a) => typeof a.address === "number" && allowed.includes(a.scope) && !a.secondary);
    const near = usable.find((a) => towards !== 0 && inPrefix(towards, { address: maskTo(a.address, a.length), length: a.length }));
    return (near ?? usable[0])?.address;
  };
  const own = pick(devices.get(name));
  if (own !== undefined) return own;
  for (const device of devices.values()) {
    const other = pick(device);
    if (other !== undefined) return other;
  }
  return undefined;
}

/** Whether a source address can never be one that a packet came from (ip_route_input_slow). */
export function isMartianSource(address: Address): boolean {
  return isMulticast(address) || address === 0xffffffff;
}
