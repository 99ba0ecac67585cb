import { type Address, inPrefix } from "../model/address.ts";
import type { Device, Namespace, Nexthop, Route } from "../model/host.ts";
import { needsStrict } from "./address6.ts";
import { type Found, PolicyRules, tableKey } from "./policy-rules.ts";
import { type FlowKey, type Lookup, maskTo, type NexthopChooser, ROUTE_ERRORS } from "./routing.ts";
import { Undecided } from "./undecided.ts";

/** Routes of one destination prefix: those for any source, and those for a source prefix. */
interface Node {
  readonly length: number;
  readonly plain: Route[];
  readonly bySource: Route[];
}

/**
 * What a lookup is made with (struct flowi6); a device in `oif` is wanted, and with `strict`, or for addresses that mean something on one link
 * only unless that is "never", there has to be no other.
 */
export interface FlowKey6 extends FlowKey {
  readonly strict?: boolean | "never";
}

const PREFERENCE = { low: 1, medium: 2, high: 3 } as const;

/** The IPv6 routing of one namespace (net/ipv6/ip6_fib.c, route.c, fib6_rules.c). */
export class Routing6 {
  readonly #rules: PolicyRules;
  readonly #tables = new Map<string, Map<number, Map<Address, Node>>>();
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #ignoreLinkdown: (device: string) => boolean;

  constructor(namespace: Namespace, devices: ReadonlyMap<string, Device>, ignoreLinkdown: (device: string) => boolean) {
    this.#devices = devices;
    this.#ignoreLinkdown = ignoreLinkdown;
    this.#rules = new PolicyRules(6, namespace.policyRules6, devices);
    for (const route of namespace.routes6 ?? []) this.#add(route);
    for (const table of this.#tables.values()) {
      for (const nodes of table.values()) {
        for (const { plain, bySource } of nodes.values()) {
          plain.sort((a, b) => a.metric - b.metric);
          bySource.sort((a, b) => (b.from?.length ?? 0) - (a.from?.length ?? 0) || a.metric - b.metric);
        }
      }
    }
  }

  #add(route: Route): void {
    const name = tableKey(route.table);
    const table = this.#tables.get(name) ?? new Map<number, Map<Address, Node>>();
    this.#tables.set(name, table);
    const { address, length } = route.destination;
    const nodes = table.get(length) ?? new Map<Address, Node>();
    table.set(length, nodes);
    const node = nodes.get(address) ?? { length, plain: [], bySource: [] };
    nodes.set(address, node);
    (route.from && route.from.length > 0 ? node.bySource : node.plain).push(route);
  }

  /** fib6_rule_lookup */
  lookup(key: FlowKey6, choose: NexthopChooser): Lookup {
    const strict = key.strict === true || (key.strict !== "never" && needsStrict(key.dst));
    return this.#rules.lookup(key, (table) => this.#lookupTable(table, key, strict, choose));
  }

  /** The local or anycast route that an address has in table local, optionally of one device. */
  localRoute(address: Address, device?: string): Route | undefined {
    for (const node of this.#nodes("local", address)) {
      const own = node.plain.find(
        ({ type, nexthops }) =>
          (type === "local" || type === "anycast") && (device === undefined || nexthops.some((hop) => hop.device === device)),
      );
      if (own) return own;
    }
    return undefined;
  }

  /** The nodes that an address lies in, the longest prefix first. */
  #nodes(name: string, address: Address): readonly Node[] {
    const table = this.#tables.get(name);
    if (!table) return [];
    const lengths = [...table.keys()].sort((a, b) => b - a);
    return lengths.flatMap((length) => table.get(length)?.get(maskTo(address, length)) ?? []);
  }

  /** fib6_table_lookup */
  #lookupTable(name: string, key: FlowKey6, strict: boolean, choose: NexthopChooser): Found {
    for (const routes of candidates(this.#nodes(name, key.dst), key.src)) {
      const found = this.#select(routes, key, strict, choose);
      if (!found) continue;
      return found === "throw" ? undefined : found;
    }
    return undefined;
  }

  /** rt6_select: among routes of the least metric that has a usable one, the one with the best router or device. */
  #select(routes: readonly Route[], key: FlowKey6, strict: boolean, choose: NexthopChooser): Found | "throw" {
    for (const metric of new Set(routes.map((route) => route.metric))) {
      let best: { readonly route: Route; readonly score: number } | undefined;
      for (const route of routes) {
        const score = route.metric === metric ? this.#score(route, key, strict) : -1;
        if (score >= 0 && score > (best?.score ?? -1)) best = { route, score };
      }
      if (best) return this.#take(best.route, key, strict, choose);
    }
    return undefined;
  }

  #take(route: Route, key: FlowKey6, strict: boolean, choose: NexthopChooser): Found | "throw" {
    if (route.type === "throw") return "throw";
    const error = ROUTE_ERRORS[route.type];
    if (error) return { error, route };
    if (route.unmodelled?.length) throw new Undecided(`the route "${route.text}", which has parts that are not modelled`);
    const usable = route.nexthops.filter((hop) => this.#hopScore(hop, key, strict) >= 0);
    const first = usable[0];
    if (!first) return undefined;
    return { route, nexthop: usable.length > 1 ? choose(route, usable) : first };
  }

  /** rt6_score_route; negative for a route that cannot be taken. */
  #score(route: Route, key: FlowKey6, strict: boolean): number {
    const hops = route.nexthops.length > 0 ? route.nexthops : [{ device: "lo", weight: 1, flags: [] }];
    const device = Math.max(...hops.map((hop) => this.#hopScore(hop, key, strict)));
    return device < 0 ? -1 : device + PREFERENCE[route.preference ?? "medium"] * 4;
  }

  /** rt6_check_dev and find_match */
  #hopScore(hop: Nexthop, key: FlowKey6, strict: boolean): number {
    const device = hop.device === undefined ? undefined : this.#devices.get(hop.device);
    if (hop.flags.includes("dead") || device?.up === false) return -1;
    const down = hop.flags.includes("linkdown") || (device !== undefined && !device.carrier && device.kind !== "loopback");
    if (down && !key.ignoreLinkState && hop.device !== undefined && this.#ignoreLinkdown(hop.device)) return -1;
    if (key.oif === undefined || key.oif === hop.device) return 2;
    return strict ? -1 : 0;
  }
}

/**
 * The routes in the order in which they are tried (fib6_node_lookup, fib6_backtrack): routes for the source come before those for any,
 * and a prefix that has routes for sources, but none for this one, is only come back to when a longer one had no usable route.
 */
function candidates(nodes: readonly Node[], src: Address): readonly (readonly Route[])[] {
  const groups: { readonly routes: readonly Route[]; readonly first: boolean }[] = [];
  for (const { length, plain, bySource } of nodes) {
    const fitting = bySource.filter(({ from }) => from && inPrefix(src, from));
    for (const size of new Set(fitting.map(({ from }) => from?.length))) {
      groups.push({ routes: fitting.filter(({ from }) => from?.length === size), first: true });
    }
    if (plain.length > 0) groups.push({ routes: plain, first: bySource.length === 0 || length === 0 });
  }
  const start = groups.findIndex(({ first }) => first);
  return start < 0 ? [] : groups.slice(start).map(({ routes }) => routes);
}
