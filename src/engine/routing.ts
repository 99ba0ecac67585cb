import { type Address, familyOf, inPrefix, isMulticast } from "../model/address.ts";
import type { Device, Namespace, Nexthop, PolicyRule, Route } from "../model/host.ts";
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

const DEFAULT_RULES: readonly PolicyRule[] = [
  { priority: 0, not: false, action: { kind: "lookup", table: "local" }, text: "0: from all lookup local", line: 0 },
  { priority: 32766, not: false, action: { kind: "lookup", table: "main" }, text: "32766: from all lookup main", line: 0 },
  { priority: 32767, not: false, action: { kind: "lookup", table: "default" }, text: "32767: from all lookup default", line: 0 },
];

const TABLE_NAMES: Readonly<Record<string, string>> = { "255": "local", "254": "main", "253": "default" };

const ROUTE_ERRORS: Readonly<Partial<Record<Route["type"], LookupError>>> = {
  unreachable: "EHOSTUNREACH",
  prohibit: "EACCES",
  blackhole: "EINVAL",
};

/** Whether a rule is one of the three that every namespace starts with. */
export function isDefaultRule(rule: PolicyRule): boolean {
  return (
    DEFAULT_RULES.some((known) => known.priority === rule.priority && known.action.kind === rule.action.kind) && !rule.from && !rule.mark
  );
}

/** The IPv4 or IPv6 routing of one namespace: policy rules over tables (net/ipv4/fib_rules.c, fib_trie.c, fib_semantics.c). */
export class Routing {
  readonly #rules: readonly PolicyRule[];
  readonly #tables = new Map<string, Map<number, Map<Address, Route[]>>>();
  readonly #lengths = new Map<string, number[]>();
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #ignoreLinkdown: (device: string) => boolean;

  constructor(namespace: Namespace, family: 4 | 6, devices: ReadonlyMap<string, Device>, ignoreLinkdown: (device: string) => boolean) {
    this.#devices = devices;
    this.#ignoreLinkdown = ignoreLinkdown;
    const rules = family === 4 ? namespace.policyRules : namespace.policyRules6;
    this.#rules = rules ? [...rules].sort((a, b) => a.priority - b.priority) : DEFAULT_RULES;
    for (const route of (family === 4 ? namespace.routes : namespace.routes6) ?? []) this.#add(route);
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
    const name = TABLE_NAMES[route.table] ?? route.table;
    const table = this.#tables.get(name) ?? new Map<number, Map<Address, Route[]>>();
    this.#tables.set(name, table);
    const byAddress = table.get(route.destination.length) ?? new Map<Address, Route[]>();
    table.set(route.destination.length, byAddress);
    byAddress.set(route.destination.address, [...(byAddress.get(route.destination.address) ?? []), route]);
  }

  /** Whether `ip rule` has more than its three default rules (fib4_has_custom_rules). */
  get hasCustomRules(): boolean {
    return this.#rules.length !== 3 || !this.#rules.every(isDefaultRule);
  }

  /** Whether table local holds more than what addresses put there (fib_has_custom_local_routes). */
  get hasCustomLocalRoutes(): boolean {
    for (const byAddress of this.#tables.get("local")?.values() ?? []) {
      for (const routes of byAddress.values()) {
        if (routes.some((route) => route.type === "local" && route.protocol !== undefined && route.protocol !== "kernel")) return true;
      }
    }
    return false;
  }

  /** fib_lookup: the first rule that leads to a decision. */
  lookup(key: FlowKey, choose: NexthopChooser): Lookup {
    for (let i = 0; i < this.#rules.length; i++) {
      const rule = this.#rules[i];
      if (!rule || !ruleMatches(rule, key)) continue;
      if (rule.unmodelled?.length) throw new Undecided(`the policy rule "${rule.text}", which has parts that are not modelled`);
      const action = rule.action;
      if (action.kind === "nop") continue;
      if (action.kind === "goto") {
        const to = this.#rules.findIndex((other) => other.priority >= action.priority);
        if (to <= i) continue;
        i = to - 1;
        continue;
      }
      if (action.kind !== "lookup") {
        const error = { unreachable: "ENETUNREACH", prohibit: "EACCES", blackhole: "EINVAL" } as const;
        return { error: error[action.kind], rule };
      }
      const found = this.#lookupTable(TABLE_NAMES[action.table] ?? action.table, key, choose);
      if (!found) continue;
      if ("error" in found) return { ...found, rule };
      if (rule.suppressPrefixLength !== undefined && found.route.destination.length <= rule.suppressPrefixLength) continue;
      return { ...found, rule };
    }
    return { error: "ENETUNREACH" };
  }

  /** The route type of an address in table local alone, as inet_addr_type sees it, optionally of one device. */
  localType(address: Address, device?: string): Route["type"] | undefined {
    const key: FlowKey = { src: 0, dst: address, iif: "lo", mark: 0, tos: 0, protocol: 0, ignoreLinkState: true };
    const found = this.#lookupTable("local", key, (_route, candidates) => candidates[0] as Nexthop);
    if (!found) return undefined;
    if (found.route && device !== undefined && !found.route.nexthops.some((hop) => hop.device === device)) return undefined;
    return found.route?.type;
  }

  /** The device of an address that table local says is the host's own. */
  localDevice(address: Address): string | undefined {
    const key: FlowKey = { src: 0, dst: address, iif: "lo", mark: 0, tos: 0, protocol: 0, ignoreLinkState: true };
    const found = this.#lookupTable("local", key, (_route, candidates) => candidates[0] as Nexthop);
    return found && "nexthop" in found && found.route.type === "local" ? found.nexthop.device : undefined;
  }

  #lookupTable(
    name: string,
    key: FlowKey,
    choose: NexthopChooser,
  ): { route: Route; nexthop: Nexthop } | { error: LookupError; route: Route } | undefined {
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
        const usable = route.nexthops.filter((hop) => this.#usable(hop, key, route.type));
        const first = usable[0];
        if (!first) continue;
        return { route, nexthop: usable.length > 1 ? choose(route, usable) : first };
      }
    }
    return undefined;
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

function maskTo(address: Address, length: number): Address {
  if (typeof address === "number") return length === 0 ? 0 : (address & (0xffffffff << (32 - length))) >>> 0;
  return (address >> BigInt(128 - length)) << BigInt(128 - length);
}

/** fib_rule_match and fib4_rule_match. */
function ruleMatches(rule: PolicyRule, key: FlowKey): boolean {
  const matches =
    (rule.iif === undefined || rule.iif === key.iif) &&
    (rule.oif === undefined || rule.oif === key.oif) &&
    (rule.mark === undefined || ((key.mark ^ rule.mark.value) & rule.mark.mask) === 0) &&
    (rule.from === undefined || sameFamilyIn(key.src, rule.from)) &&
    (rule.to === undefined || sameFamilyIn(key.dst, rule.to)) &&
    (rule.tos === undefined || rule.tos === 0 || rule.tos === (key.tos & 0x1c)) &&
    (rule.protocol === undefined || rule.protocol === key.protocol) &&
    (rule.sport === undefined || inRange(key.sport, rule.sport)) &&
    (rule.dport === undefined || inRange(key.dport, rule.dport));
  return matches !== rule.not;
}

function sameFamilyIn(address: Address, prefix: { readonly address: Address; readonly length: number }): boolean {
  return familyOf(address) === familyOf(prefix.address) && inPrefix(address, prefix);
}

function inRange(port: number | undefined, range: readonly [number, number]): boolean {
  return port !== undefined && port >= range[0] && port <= range[1];
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
